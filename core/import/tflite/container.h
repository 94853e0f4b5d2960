// Container: a .tflite file whose structure has been checked: every offset is in range, every
// reference that the format requires is present, every payload lies inside the file. Nothing of its
// meaning is.
//
// Holds the bytes alive; the pointers into them live as long as the container. Safe to read from
// any thread.
#pragma once

#include <cstdint>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/flat/tflite_generated.h"

namespace smelt::tflite_import {

namespace schema = flat::schema;

class Container {
 public:
  // kArtifactInvalid with what is wrong and where. Copies the file only when its memory is not
  // aligned.
  static Result<Container> Open(const SharedBytes& file);

  const schema::Model& model() const { return *model_; }
  // The payload of a buffer; empty when it has none. Requires index < buffer count.
  SharedBytes Payload(std::uint32_t buffer) const;
  // True when the buffer holds data, be it of no bytes.
  bool HasPayload(std::uint32_t buffer) const;
  // 0 when it has none.
  std::uint64_t PayloadBytes(std::uint32_t buffer) const;
  // Bytes of the file itself. Requires that they lie inside of it.
  SharedBytes Bytes(std::uint64_t offset, std::uint64_t size) const {
    return file_.Slice(offset, size);
  }
  std::uint64_t file_bytes() const { return file_.size(); }
  // Position of the first payload byte in the file. Requires HasPayload.
  std::uint64_t PayloadPosition(std::uint32_t buffer) const;

 private:
  Status CheckParts() const;
  Status CheckBuffers() const;
  Status CheckSubgraph(const schema::SubGraph& subgraph, std::uint32_t index) const;

  SharedBytes file_;
  const schema::Model* model_ = nullptr;
};

// The bytes themselves, or a copy where their memory is not aligned for numbers of 8 bytes, which
// FlatBuffers read in place.
SharedBytes AlignedForReading(const SharedBytes& file);

// True when the FlatBuffer at the start of the file is well-formed: every offset is in range, every
// string ends, tables don't nest too deep. Union members of unknown tags are not looked at.
bool StructureIsSound(ByteSpan file);

// "what" with kArtifactInvalid.
Status Invalid(std::string what);

}  // namespace smelt::tflite_import
