#include "core/convert/extra_files.h"

#include <algorithm>
#include <span>

#include "core/convert/file_stem.h"
#include "core/ir/text.h"
#include "core/passes/pass.h"
#include "core/report/json.h"

namespace smelt {
Status ExtraFiles::Check() const {
  for (const std::string& name : request_.dump_after) {
    if (name == "all" || name == "import") continue;
    if (std::ranges::find(passes::Pipeline(), name, &passes::Pass::name) !=
        passes::Pipeline().end()) {
      continue;
    }
    std::string known = "import";
    for (const passes::Pass& pass : passes::Pipeline()) known += ", " + std::string(pass.name);
    return Status(Reason::kInvalidArgument, "no pass is called \"" + name + "\"",
                  "The graph can be printed after all of: " + known + ".");
  }
  return Status::Ok();
}

std::string ExtraFiles::Stem() const { return FileStem(request_.file_name); }

std::string ExtraFiles::SplitStem() const {
  const bool is_named = request_.split && !request_.split->base_name.empty();
  return is_named ? request_.split->base_name : Stem();
}

Status ExtraFiles::AddDump(std::string_view pass, const ir::Module& module) {
  const auto& wanted = request_.dump_after;
  if (!wanted.contains("all") && !wanted.contains(std::string(pass))) return Status::Ok();
  return Add("_" + std::string(pass) + ".ir.txt", "ir_text",
             ir::Print(module, ir::PrintOptions{.constants = false}));
}

Status ExtraFiles::AddCoverage(const v1::OpCoverageReport& report) {
  SMELT_ASSIGN_OR_RETURN(const std::string json, report::ToJson(report));
  return Add("_op_coverage_report.json", "op_coverage", json);
}

Status ExtraFiles::AddTensors(const v1::TensorCorrespondenceReport& report) {
  SMELT_ASSIGN_OR_RETURN(const std::string json, report::ToJson(report));
  return Add("_tensor_correspondence_report.json", "tensor_correspondence", json);
}

Status ExtraFiles::AddAccuracy(const v1::AccuracyReport& report) {
  SMELT_ASSIGN_OR_RETURN(const std::string json, report::ToJson(report));
  return Add("_accuracy_report.json", "accuracy", json);
}

Status ExtraFiles::AddReproducer(const std::string& model) {
  return Add("_reproducer.onnx", "reproducer", model);
}

Status ExtraFiles::AddSplitFile(std::string_view kind, const std::string& suffix,
                                const google::protobuf::Message& message) {
  SMELT_ASSIGN_OR_RETURN(const std::string json, report::ToJson(message));
  return sink_.AddExtra(SplitStem() + "_" + suffix + ".json", kind,
                        std::as_bytes(std::span<const char>(json)));
}

Status ExtraFiles::Add(const std::string& suffix, std::string_view kind, const std::string& text) {
  return sink_.AddExtra(Stem() + suffix, kind, std::as_bytes(std::span<const char>(text)));
}

}  // namespace smelt
