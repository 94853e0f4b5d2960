#include "core/export/tflite/payload_layout.h"

#include <algorithm>
#include <string_view>

#include "core/export/tflite/writer.h"

namespace smelt::tflite_export {
namespace {

constexpr std::uint64_t kAlignment = 64;  // of the runtime's arenas and its fastest kernels
constexpr std::uint64_t kSmallBytes = 64;
constexpr std::uint64_t kCountBytes = 4;   // a vector's length stands before its elements
constexpr std::uint64_t kTailBytes = 128;  // kernels may read past a constant's end
// Measured: 2.14.0 reads payloads by offset, a 2.12 does not.
constexpr std::string_view kOffsetRuntime = "2.14.0";
constexpr std::string_view kOutside = "outside flatbuffers";

std::uint64_t Align(std::uint64_t position) {
  return (position + kAlignment - 1) / kAlignment * kAlignment;
}

bool IsMetadata(const FilePlan& plan, std::uint32_t buffer) {
  return std::ranges::any_of(plan.metadata,
                             [&](const MetadataPlan& entry) { return entry.buffer == buffer; });
}

// Buffer indices in the order of their payloads.
std::vector<std::uint32_t> PayloadOrder(const FilePlan& plan) {
  std::vector<std::uint32_t> order;
  for (std::uint32_t i = 1; i < plan.buffers.size(); ++i) order.push_back(i);
  std::ranges::stable_partition(
      order, [&](std::uint32_t i) { return plan.buffers[i].size_bytes() <= kSmallBytes; });
  return order;
}

Result<FileLayout> LayOut(const ir::Module& module, const FilePlan& plan,
                          std::string_view description, const std::vector<bool>& outside) {
  FileLayout layout;
  SMELT_ASSIGN_OR_RETURN(layout.metadata, LayOutTables(module, plan, description, outside));
  FlatImage& image = layout.metadata.image;
  std::uint64_t end = image.size();
  for (const std::uint32_t i : PayloadOrder(plan)) {
    const std::uint64_t bytes = plan.buffers[i].size_bytes();
    const std::uint64_t position = Align(end + (outside[i] ? 0 : kCountBytes));
    layout.payloads.push_back({i, position, bytes, outside[i]});
    end = position + bytes;
    const Position table = layout.metadata.buffers[i];
    if (outside[i]) {
      image.SetU64(table, kBufferOffset, position);
      image.SetU64(table, kBufferSize, bytes);
    } else {
      image.Point(table, kBufferData, position - kCountBytes);
    }
  }
  layout.file_bytes = end + kTailBytes;
  return layout;
}

}  // namespace

std::uint64_t InlinePayloadBytes(std::uint64_t bytes) { return Align(bytes + kCountBytes); }

std::uint64_t InlineFileBytes(std::uint64_t tables, std::uint64_t payloads) {
  return Align(tables + kCountBytes) + payloads + kTailBytes;
}

std::uint64_t InlineFileBytes(const FilePlan& plan, std::uint64_t tables) {
  std::uint64_t end = tables;
  for (const std::uint32_t i : PayloadOrder(plan)) {
    end = Align(end + kCountBytes) + plan.buffers[i].size_bytes();
  }
  return end + kTailBytes;
}

Result<FileLayout> LayOutFile(const ir::Module& module, FilePlan& plan,
                              std::string_view description, std::uint64_t max_inline_bytes) {
  std::vector<bool> outside(plan.buffers.size(), false);
  SMELT_ASSIGN_OR_RETURN(FileLayout inside, LayOut(module, plan, description, outside));
  if (inside.file_bytes <= max_inline_bytes) return inside;
  const std::vector<std::uint8_t> text(kOutside.begin(), kOutside.end());
  plan.metadata.push_back({"buffer_location", static_cast<std::uint32_t>(plan.buffers.size())});
  plan.buffers.push_back(ir::Constant::FromValues<std::uint8_t>(
      ir::DType::kU8, {static_cast<std::int64_t>(text.size())}, text));
  RaiseRuntime(plan, kOffsetRuntime);
  outside.assign(plan.buffers.size(), false);
  for (std::uint32_t i = 1; i < plan.buffers.size(); ++i) {
    outside[i] = plan.buffers[i].size_bytes() > kSmallBytes && !IsMetadata(plan, i);
  }
  SMELT_ASSIGN_OR_RETURN(FileLayout split, LayOut(module, plan, description, outside));
  // What stays inline still has to be within reach of 31-bit offsets.
  for (const PlacedPayload& payload : split.payloads) {
    if (!payload.outside && payload.position + payload.bytes > kMaxInlineBytes) {
      return Status(Reason::kArtifactTooLarge, "the tables and small constants exceed 2 GiB");
    }
  }
  return split;
}

}  // namespace smelt::tflite_export
