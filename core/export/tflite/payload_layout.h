// Where payloads lie in the file: after the tables, each at a 64-byte boundary, small ones together
// and before the others, which follow in the order of first use.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/result.h"
#include "core/export/tflite/file_plan.h"
#include "core/export/tflite/metadata_tables.h"

namespace smelt::tflite_export {

struct PlacedPayload {
  std::uint32_t buffer;    // index into FilePlan::buffers
  std::uint64_t position;  // of the first byte; a multiple of 64
  std::uint64_t bytes;
  bool outside;  // offset mode: no count before it
};

struct FileLayout {
  MetadataImage metadata;               // with every reference resolved
  std::vector<PlacedPayload> payloads;  // by position
  std::uint64_t file_bytes = 0;
};

// What one payload inside the FlatBuffer adds to the file, with its count and the padding behind
// it.
std::uint64_t InlinePayloadBytes(std::uint64_t bytes);
// Where the file ends, at most: `tables` bytes of tables and `payloads`, the sum of the above.
std::uint64_t InlineFileBytes(std::uint64_t tables, std::uint64_t payloads);

// The exact size of a file with such tables and all payloads inside the FlatBuffer.
std::uint64_t InlineFileBytes(const FilePlan& plan, std::uint64_t tables);

// Decides between inline and offset mode from the exact size. Payloads of at most 64 bytes and
// metadata stay inline in both. kArtifactTooLarge when the tables alone don't fit.
Result<FileLayout> LayOutFile(const ir::Module& module, FilePlan& plan,
                              std::string_view description, std::uint64_t max_inline_bytes);

}  // namespace smelt::tflite_export
