#include "core/convert/split_stage.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "core/convert/split_accuracy.h"
#include "core/convert/split_files.h"
#include "core/export/tflite/part_module.h"
#include "core/import/tflite/reader.h"

namespace smelt {

Result<SplitStage> SplitStage::Make(const SplitRequest& request, std::string description) {
  SplitStage stage;
  tflite_export::SplitOptions& options = stage.options_;
  options.description = std::move(description);
  if (request.max_bytes != 0) options.max_bytes = request.max_bytes;
  options.target_bytes = request.target_bytes != 0
                             ? request.target_bytes
                             : std::min(options.target_bytes, options.max_bytes);
  options.parts = request.parts;
  options.at_tensors = request.at_tensors;
  if (options.max_bytes > tflite_export::kMaxInlineBytes) {
    return Status(Reason::kInvalidArgument, "a part may have at most " +
                                                std::to_string(tflite_export::kMaxInlineBytes) +
                                                " bytes, not " + std::to_string(options.max_bytes));
  }
  if (options.target_bytes > options.max_bytes) {
    return Status(Reason::kInvalidArgument,
                  "parts are to be filled up to " + std::to_string(options.target_bytes) +
                      " bytes, but may have only " + std::to_string(options.max_bytes));
  }
  if (options.parts > tflite_export::kMaxParts) {
    return Status(Reason::kInvalidArgument,
                  "at most " + std::to_string(tflite_export::kMaxParts) + " parts are written");
  }
  if (options.parts != 0 && !options.at_tensors.empty()) {
    return Status(Reason::kInvalidArgument,
                  "either a number of parts is given, or where to cut, not both");
  }
  return stage;
}

Status SplitStage::Plan(const ir::Module& module, const target::Profile& profile,
                        const CancelToken& cancel, ir::Diagnostics& found) {
  SMELT_ASSIGN_OR_RETURN(plan_, tflite_export::PlanSplit(module, profile, options_, cancel, found));
  if (plan_.parts.size() != 1) return Status::Ok();
  ir::Diagnostic note;
  note.severity = ir::Severity::kNote;
  note.reason = Reason::kSplitNotNeeded;
  note.stage = "split";
  note.found = std::to_string(plan_.unsplit_bytes) + " bytes";
  note.message = "the artifact has " + note.found + " and is written as one file";
  found.push_back(std::move(note));
  return Status::Ok();
}

ir::Module SplitStage::MakePart(const ir::Module& module, std::size_t part) const {
  const tflite_export::PartPlan& planned = plan_.parts[part];
  return tflite_export::MakePart(module, planned.ops, planned.inputs, planned.outputs, plan_.names);
}

std::uint64_t SplitStage::OffsetOf(std::size_t part) const {
  std::uint64_t offset = 0;
  for (std::size_t i = 0; i < part; ++i) {
    offset = NextPartOffset(offset, plan_.parts[i].file_bytes);
  }
  return offset;
}

void SplitStage::RestoreNames(const ir::Module& module,
                              std::vector<tflite_export::WrittenTensor>& tensors) const {
  const ir::Graph& graph = module.graph(module.signatures[0].graph);
  std::unordered_map<std::string, std::string> names;
  for (std::uint32_t i = 0; i < plan_.names.size(); ++i) {
    if (!plan_.names[i].empty()) names.emplace(plan_.names[i], graph.value(ir::ValueId{i}).name);
  }
  for (tflite_export::WrittenTensor& tensor : tensors) {
    const auto name = names.find(tensor.name);
    if (tensor.subgraph == 0 && name != names.end()) tensor.source_name = name->second;
  }
}

void SplitStage::Keep(const ir::Module& module, const v1::Report& report,
                      const std::string& base_model, bool with_reference) {
  plan_file_ = DescribePlan(plan_, options_);
  manifest_ = DescribeParts(module, plan_, options_, report);
  manifest_.set_base_model(base_model);
  const auto sha256 = module.metadata.find("smelt.source_sha256");
  if (sha256 != module.metadata.end()) manifest_.set_source_sha256(sha256->second);
  accuracy_.set_schema_version(1);
  accuracy_.set_converter_version(std::string(ConverterVersion()));
  if (!with_reference) return;
  const ir::Signature& signature = module.signatures[0];
  const ir::Graph& graph = module.graph(signature.graph);
  std::vector<ir::OpId> ops;
  for (const ir::OpId op : graph) ops.push_back(op);
  std::vector<tflite_export::PartPort> inputs;
  for (std::size_t i = 0; i < graph.inputs().size(); ++i) {
    inputs.push_back({signature.input_names[i], graph.inputs()[i]});
  }
  std::vector<tflite_export::PartPort> outputs;
  std::unordered_set<std::string> names;
  const auto add = [&](const tflite_export::PartPort& port) {
    if (names.insert(port.name).second) outputs.push_back(port);
  };
  const auto values = graph.outputs();
  for (std::size_t i = 0; i < values.size(); ++i) add({signature.output_names[i], values[i]});
  model_outputs_ = outputs.size();
  for (const tflite_export::PartPlan& part : plan_.parts) {
    for (const tflite_export::PartPort& port : part.outputs) add(port);
  }
  reference_ = tflite_export::MakePart(module, ops, inputs, outputs, plan_.names);
}

SharedBytes SplitStage::Part(const SharedBytes& written, std::size_t part) const {
  return written.Slice(OffsetOf(part), plan_.parts[part].file_bytes);
}

Status SplitStage::Check(const SharedBytes& written) const {
  for (std::size_t i = 0; i < plan_.parts.size(); ++i) {
    const Status status = tflite_import::CheckFile(Part(written, i));
    if (!status.ok()) {
      return Status(status.reason(),
                    "part " + std::to_string(i + 1) + ": " + std::string(status.message()));
    }
  }
  return Status::Ok();
}

Result<SplitChain> SplitStage::Read(const SharedBytes& written) const {
  std::vector<ir::Module> parts;
  for (std::size_t i = 0; i < plan_.parts.size(); ++i) {
    SMELT_ASSIGN_OR_RETURN(ir::Module part, tflite_import::Read(Part(written, i)));
    parts.push_back(std::move(part));
  }
  return SplitChain(std::move(parts));
}

Status SplitStage::Compare(const SplitChain& chain, const CancelToken& cancel) {
  Status status = CompareParts(*reference_, model_outputs_, chain, cancel, accuracy_);
  reference_.reset();  // the rest of the verification runs without it
  return status;
}

}  // namespace smelt
