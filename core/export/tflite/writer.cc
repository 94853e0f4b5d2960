#include "core/export/tflite/writer.h"

#include <algorithm>
#include <array>

#include "core/export/tflite/constant_sharing.h"
#include "core/export/tflite/file_plan.h"
#include "core/export/tflite/payload_layout.h"

namespace smelt::tflite_export {
namespace {

// Sends the file's bytes in order and keeps count.
class Stream {
 public:
  Stream(const WriteOptions& options, const CancelToken& cancel, std::uint64_t total)
      : options_(options), cancel_(cancel), total_(total) {}

  Status Send(ByteSpan bytes) {
    SMELT_RETURN_IF_ERROR(cancel_.Check());
    if (bytes.empty()) return Status::Ok();
    SMELT_RETURN_IF_ERROR(options_.append(bytes));
    position_ += bytes.size();
    if (options_.progress) options_.progress(position_, total_);
    return Status::Ok();
  }

  Status PadTo(std::uint64_t position) {
    static constexpr std::array<std::byte, 256> kZeros{};
    SMELT_CHECK(position >= position_);
    while (position_ < position) {
      const std::uint64_t count = std::min<std::uint64_t>(kZeros.size(), position - position_);
      SMELT_RETURN_IF_ERROR(Send(ByteSpan(kZeros).first(count)));
    }
    return Status::Ok();
  }

  std::uint64_t position() const { return position_; }

 private:
  const WriteOptions& options_;
  const CancelToken& cancel_;
  std::uint64_t total_;
  std::uint64_t position_ = 0;
};

Status SendPayload(Stream& stream, const PlacedPayload& payload, const ir::Constant& constant) {
  if (!payload.outside) {
    const auto count = static_cast<std::uint32_t>(payload.bytes);
    SMELT_RETURN_IF_ERROR(stream.PadTo(payload.position - sizeof(count)));
    SMELT_RETURN_IF_ERROR(stream.Send(std::as_bytes(std::span<const std::uint32_t>(&count, 1))));
  }
  SMELT_RETURN_IF_ERROR(stream.PadTo(payload.position));
  SMELT_RETURN_IF_ERROR(ForEachBlock(constant, [&](ByteSpan block) { return stream.Send(block); }));
  SMELT_CHECK(stream.position() == payload.position + payload.bytes);
  return Status::Ok();
}

std::vector<WrittenTensor> ListTensors(const ir::Module& module, const FilePlan& plan) {
  std::vector<WrittenTensor> tensors;
  for (std::uint32_t i = 0; i < plan.subgraphs.size(); ++i) {
    const SubgraphPlan& subgraph = plan.subgraphs[i];
    const ir::Graph& graph = module.graph(subgraph.graph);
    for (std::uint32_t k = 0; k < subgraph.tensors.size(); ++k) {
      const ir::Value& value = graph.value(subgraph.tensors[k].value);
      tensors.push_back(
          {i, k, subgraph.tensors[k].name, value.name, value.type, value.is_constant()});
    }
  }
  return tensors;
}

}  // namespace

Result<WriteSummary> Write(ir::Module& module, const target::Profile& profile,
                           const WriteOptions& options, const CancelToken& cancel) {
  if (module.graph_count() == 0) return Status(Reason::kInternalError, "the module has no graph");
  SMELT_ASSIGN_OR_RETURN(FilePlan plan, PlanFile(module, profile, cancel));
  SMELT_ASSIGN_OR_RETURN(const FileLayout layout,
                         LayOutFile(module, plan, options.description, options.max_inline_bytes));
  Stream stream(options, cancel, layout.file_bytes);
  SMELT_RETURN_IF_ERROR(stream.Send(layout.metadata.image.bytes()));
  WriteSummary summary;
  for (const PlacedPayload& payload : layout.payloads) {
    SMELT_RETURN_IF_ERROR(SendPayload(stream, payload, plan.buffers[payload.buffer]));
    summary.constant_bytes += payload.bytes;
  }
  SMELT_RETURN_IF_ERROR(stream.PadTo(layout.file_bytes));
  summary.file_bytes = layout.file_bytes;
  summary.min_runtime_version = plan.min_runtime_version;
  summary.operators = plan.operator_counts;
  for (const OperatorCodePlan& code : plan.op_codes) {
    if (!code.custom_code.empty()) summary.custom_codes.push_back(code.custom_code);
  }
  std::ranges::sort(summary.custom_codes);
  if (options.list_tensors) summary.tensors = ListTensors(module, plan);
  return summary;
}

}  // namespace smelt::tflite_export
