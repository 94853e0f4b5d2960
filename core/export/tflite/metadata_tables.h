// The tables of the file around its payloads: Model, OperatorCode, SubGraph, Tensor, Operator and
// its options, Buffer, Metadata, SignatureDef.
#pragma once

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

struct MetadataImage {
  FlatImage image;
  // A buffer's table, by buffer index. It has a `data` reference, or `offset` and `size` where
  // `outside` says so; both are still to be filled in. Buffer 0 has neither.
  std::vector<Position> buffers;
};

// `outside[i]`: the payload of buffer i lies behind the FlatBuffer (offset mode).
// kInternalError for a value that the format can't hold.
Result<MetadataImage> LayOutTables(const ir::Module& module, const FilePlan& plan,
                                   std::string_view description, const std::vector<bool>& outside);

}  // namespace smelt::tflite_export
