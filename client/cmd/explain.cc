#include <CLI/CLI.hpp>
#include <vector>

#include "client/cmd/command.h"
#include "client/cmd/session.h"
#include "client/view/reason_text.h"
#include "core/base/reason.h"

namespace smelt::client {
namespace {

class ExplainVerb final : public Verb {
 public:
  void AddOptions(CLI::App& app) override {
    app.add_option("REASON", names_, "Reason codes, such as not_a_model; all when none is given");
  }

  Result<ExitCode> Run(Session& session) override {
    std::vector<const ReasonInfo*> reasons;
    for (const std::string& name : names_) {
      const auto reason = ReasonFromName(name);
      if (!reason) {
        return Status(Reason::kUsage, "there is no reason code '" + name + "'",
                      "'" + session.CommandLine("explain") + "' lists all of them.");
      }
      reasons.push_back(&GetReasonInfo(*reason));
    }
    if (names_.empty()) {
      for (const ReasonInfo& info : AllReasons()) reasons.push_back(&info);
    }
    if (session.json()) {
      session.PrintJson(ReasonsJson(reasons));
    } else {
      PrintReasons(session.out(), reasons, session.out_ink());
    }
    return ExitCode::kOk;
  }

 private:
  std::vector<std::string> names_;
};

}  // namespace

std::unique_ptr<Verb> MakeExplain() { return std::make_unique<ExplainVerb>(); }

}  // namespace smelt::client
