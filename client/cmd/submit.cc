#include <CLI/CLI.hpp>

#include "client/cmd/command.h"
#include "client/cmd/session.h"
#include "client/cmd/submission.h"

namespace smelt::client {
namespace {

class SubmitVerb final : public Verb {
 public:
  void AddOptions(CLI::App& app) override { AddSubmitOptions(app, options_); }

  Result<ExitCode> Run(Session& session) override {
    SMELT_RETURN_IF_ERROR(ToConvertOptions(options_).status());
    SMELT_ASSIGN_OR_RETURN(const Bundle bundle, OpenBundle(session, options_));
    SMELT_ASSIGN_OR_RETURN(const v1::Job job, Submit(session, options_, bundle));
    session.progress().Finish();
    if (session.json()) {
      session.PrintJson(job);
    } else {
      session.out() << Printable(job.id()) << '\n';
    }
    return ExitCode::kOk;
  }

 private:
  SubmitOptions options_;
};

}  // namespace

std::unique_ptr<Verb> MakeSubmit() { return std::make_unique<SubmitVerb>(); }

}  // namespace smelt::client
