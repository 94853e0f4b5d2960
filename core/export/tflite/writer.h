// Writes a legalized module as a .tflite file: forward, in two passes. The first gives every table,
// vector and string its position, metadata before payloads; the second streams bytes, constants at
// 64-byte boundaries straight from their views. Equal constants are stored once. Nothing the size
// of the model is ever held in memory.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/base/cancel_token.h"
#include "core/base/result.h"
#include "core/ir/diagnostic.h"
#include "core/ir/module.h"
#include "core/target/profile.h"

namespace smelt::tflite_export {

// Past this size payloads move behind the FlatBuffer ("offset mode"): its offsets are 31 bits wide.
inline constexpr std::uint64_t kMaxInlineBytes = (std::uint64_t{1} << 31) - (1U << 20);

struct WriteOptions {
  std::string description = "smelt";
  std::uint64_t max_inline_bytes = kMaxInlineBytes;  // a smaller one is for tests
  // Receives the file in order.
  std::function<Status(ByteSpan)> append;
  std::function<void(std::uint64_t done, std::uint64_t total)> progress;  // bytes; may be empty
  bool list_tensors = false;  // fill WriteSummary::tensors
};

// A tensor as it is in the file.
struct WrittenTensor {
  std::uint32_t subgraph = 0;
  std::uint32_t index = 0;  // in its subgraph
  std::string name;         // unique in its subgraph
  std::string source_name;  // of the value that it holds; may be empty
  ir::TensorType type;
  bool is_constant = false;
  std::uint32_t file = 0;  // of an artifact in several; for whoever writes them
};

struct WriteSummary {
  std::uint64_t file_bytes = 0;
  std::uint64_t constant_bytes = 0;  // after sharing
  std::string min_runtime_version;   // "2.5.0": oldest runtime with every version used
  std::map<std::string, std::uint32_t> operators;  // name -> count
  std::vector<std::string> custom_codes;           // of CUSTOM operators; sorted, each once
  std::vector<WrittenTensor> tensors;              // if asked for
};

// kArtifactTooLarge past the format's limit; kInternalError when the module is not legalized.
Result<WriteSummary> Write(ir::Module& module, const target::Profile& profile,
                           const WriteOptions& options, const CancelToken& cancel);

}  // namespace smelt::tflite_export
