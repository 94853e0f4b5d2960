#include <CLI/CLI.hpp>
#include <algorithm>

#include "client/cmd/command.h"
#include "client/cmd/session.h"
#include "client/net/calls.h"
#include "client/view/table.h"

namespace smelt::client {
namespace {

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  });
  return text;
}

class OpsVerb final : public Verb {
 public:
  void AddOptions(CLI::App& app) override {
    app.add_option("OP", names_, "Only operators of these names, whatever their case");
  }

  Result<ExitCode> Run(Session& session) override {
    SMELT_ASSIGN_OR_RETURN(v1::ListOperatorsResponse all, ListOperators(session.connection()));
    v1::ListOperatorsResponse shown;
    shown.set_source_format(all.source_format());
    for (v1::OperatorSupport& op : *all.mutable_operators()) {
      if (IsWanted(op.op_type())) *shown.add_operators() = std::move(op);
    }
    session.progress().Finish();
    if (session.json()) {
      session.PrintJson(shown);
    } else {
      Print(session.out(), shown);
    }
    if (shown.operators().empty() && !names_.empty()) {
      return Status(Reason::kUnsupportedOnnxOp, "none of these operators is supported");
    }
    return ExitCode::kOk;
  }

 private:
  bool IsWanted(const std::string& op_type) const {
    return names_.empty() || std::any_of(names_.begin(), names_.end(), [&](const auto& name) {
             return Lower(name) == Lower(op_type);
           });
  }

  static void Print(std::ostream& out, const v1::ListOperatorsResponse& shown) {
    Table table({"OPERATOR", "VERSIONS", "REQUIREMENT", "ELSE REFUSED AS"});
    for (const v1::OperatorSupport& op : shown.operators()) {
      std::string name = op.domain().empty() ? op.op_type() : op.domain() + "::" + op.op_type();
      std::string versions = std::to_string(op.since()) + "-" + std::to_string(op.until());
      if (op.requirements().empty()) table.Add({name, versions, "none"});
      for (const auto& requirement : op.requirements()) {
        table.Add({name, versions, requirement.text(), requirement.reason_code()});
        name.clear();
        versions.clear();
      }
    }
    table.Print(out);
  }

  std::vector<std::string> names_;
};

}  // namespace

std::unique_ptr<Verb> MakeOps() { return std::make_unique<OpsVerb>(); }

}  // namespace smelt::client
