#include <CLI/CLI.hpp>

#include "client/cmd/command.h"
#include "client/cmd/session.h"
#include "client/net/calls.h"
#include "client/view/text.h"

namespace smelt::client {
namespace {

std::string Joined(const google::protobuf::RepeatedPtrField<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string SandboxText(const v1::GetServerInfoResponse& info) {
  std::string text;
  for (const v1::SandboxRung& rung : info.sandbox()) {
    text += (text.empty() ? "" : ", ") + rung.name();
    if (!rung.active()) text += rung.detail().empty() ? " (off)" : " (off: " + rung.detail() + ")";
  }
  return text.empty() ? "none" : text;
}

class ServerInfoVerb final : public Verb {
 public:
  void AddOptions(CLI::App&) override {}

  Result<ExitCode> Run(Session& session) override {
    SMELT_ASSIGN_OR_RETURN(const v1::GetServerInfoResponse info,
                           GetServerInfo(session.connection()));
    session.progress().Finish();
    if (session.json()) {
      session.PrintJson(info);
    } else {
      Print(session, info);
    }
    return ExitCode::kOk;
  }

 private:
  static void Print(Session& session, const v1::GetServerInfoResponse& info) {
    const v1::Limits& limits = info.limits();
    const std::pair<const char*, std::string> rows[] = {
        {"address     ", session.connection().address()},
        {"version     ", info.version()},
        {"accepting   ", info.accepting() ? "yes" : "no: " + info.not_accepting_reason()},
        {"targets     ", Joined(info.targets())},
        {"onnx opsets ",
         std::to_string(info.min_opset()) + " to " + std::to_string(info.max_opset())},
        {"workers     ", std::to_string(info.workers())},
        {"queue       ", "at most " + Count(limits.max_queued_jobs(), "job")},
        {"a blob      ", "at most " + ShowBytes(limits.max_blob_bytes())},
        {"a job       ",
         (limits.worker_memory_bytes() == 0
              ? std::string("any amount of memory")
              : "at most " + ShowBytes(limits.worker_memory_bytes()) + " of memory") +
             ", " + ShowSeconds(limits.worker_seconds())},
        {"sandbox     ", SandboxText(info)},
    };
    for (const auto& [label, text] : rows) session.out() << label << Printable(text) << '\n';
  }
};

}  // namespace

std::unique_ptr<Verb> MakeServerInfo() { return std::make_unique<ServerInfoVerb>(); }

}  // namespace smelt::client
