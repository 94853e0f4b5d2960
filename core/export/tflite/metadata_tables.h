// The tables of the file around its payloads: Model, OperatorCode, SubGraph, Tensor, Operator and
// its options, Buffer, Metadata, SignatureDef.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/export/tflite/file_plan.h"
#include "core/export/tflite/flat_image.h"

namespace smelt::tflite_export {

// Slots of the Buffer table, for whoever places the payloads.
inline constexpr int kBufferData = 0;
inline constexpr int kBufferOffset = 1;
inline constexpr int kBufferSize = 2;

// How many bytes of the image describe what, as far as it can be in one file and not in another. A
// table's shape, which tables share, counts in `vtables` alone; all others are multiples of 4.
struct TableExtents {
  struct Subgraph {
    std::uint64_t header = 0;  // without the indices of its inputs and outputs
    std::vector<std::uint32_t> tensors;
    std::vector<std::uint32_t> operators;
  };
  std::vector<Subgraph> subgraphs;
  std::uint64_t vtables = 0;
  std::uint64_t rest = 0;  // without what inputs, outputs and buffers add; see below
};

// What one input or output of this name adds: its index and its entry in the signature.
std::uint64_t PortBytes(std::string_view name);
// What one buffer inside the FlatBuffer adds.
inline constexpr std::uint64_t kBufferTableBytes = 12;

struct MetadataImage {
  FlatImage image;
  // A buffer's table, by buffer index. It has a `data` reference, or `offset` and `size` where
  // `outside` says so; both are still to be filled in. Buffer 0 has neither.
  std::vector<Position> buffers;
  TableExtents extents;
};

// `outside[i]`: the payload of buffer i lies behind the FlatBuffer (offset mode).
// kInternalError for a value that the format can't hold.
Result<MetadataImage> LayOutTables(const ir::Module& module, const FilePlan& plan,
                                   std::string_view description, const std::vector<bool>& outside);

}  // namespace smelt::tflite_export
