#include "core/import/tflite/container.h"

#include <flatbuffers/flatbuffers.h>

#include <algorithm>
#include <string>

namespace smelt::tflite_import {
namespace {

constexpr std::uint32_t kSchemaVersion = 3;
constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMinTableBytes = 4;
// Offsets of a FlatBuffer are 31 bits wide; payloads may lie behind.
constexpr std::size_t kMaxFlatBufferBytes = (std::size_t{1} << 31) - 2;
// Smaller values of Buffer.offset mean that it is not set.
constexpr std::uint64_t kFirstOffset = 2;

std::string Place(std::uint32_t subgraph, const char* what) {
  return "subgraph " + std::to_string(subgraph) + " has no " + what;
}

}  // namespace

bool StructureIsSound(ByteSpan file) {
  const std::size_t size = std::min(file.size(), kMaxFlatBufferBytes);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(file.data());
  if (size < 8 || !schema::ModelBufferHasIdentifier(bytes)) return false;
  // A table takes some bytes, so this bound admits every honest file. It isn't a bound on time:
  // vectors may share tables, and the verifier visits each reference.
  const auto max_tables =
      static_cast<flatbuffers::uoffset_t>(std::min(size / kMinTableBytes, std::size_t{1} << 26));
  flatbuffers::Verifier verifier(bytes, size, kMaxDepth, max_tables);
  return schema::VerifyModelBuffer(verifier);
}

SharedBytes AlignedForReading(const SharedBytes& file) {
  if (reinterpret_cast<std::uintptr_t>(file.data()) % alignof(std::uint64_t) == 0) return file;
  return SharedBytes::Own(std::vector<std::byte>(file.span().begin(), file.span().end()));
}

Status Invalid(std::string what) { return Status(Reason::kArtifactInvalid, std::move(what)); }

Result<Container> Container::Open(const SharedBytes& file) {
  Container container;
  container.file_ = AlignedForReading(file);
  if (!StructureIsSound(container.file_.span())) {
    return Invalid("the bytes are not a well-formed TFL3 FlatBuffer");
  }
  container.model_ = schema::GetModel(container.file_.data());
  SMELT_RETURN_IF_ERROR(container.CheckParts());
  SMELT_RETURN_IF_ERROR(container.CheckBuffers());
  return container;
}

Status Container::CheckParts() const {
  if (model_->version() != kSchemaVersion) {
    return Invalid("schema version " + std::to_string(model_->version()) + ", expected 3");
  }
  if (model_->operator_codes() == nullptr) return Invalid("the model has no operator codes");
  if (model_->subgraphs() == nullptr || model_->subgraphs()->size() == 0) {
    return Invalid("the model has no subgraph");
  }
  for (std::uint32_t i = 0; i < model_->subgraphs()->size(); ++i) {
    SMELT_RETURN_IF_ERROR(CheckSubgraph(*model_->subgraphs()->Get(i), i));
  }
  return Status::Ok();
}

Status Container::CheckSubgraph(const schema::SubGraph& subgraph, std::uint32_t index) const {
  if (subgraph.tensors() == nullptr) return Invalid(Place(index, "tensors"));
  if (subgraph.inputs() == nullptr) return Invalid(Place(index, "input list"));
  if (subgraph.outputs() == nullptr) return Invalid(Place(index, "output list"));
  if (subgraph.operators() == nullptr) return Invalid(Place(index, "operators"));
  for (const schema::Operator* op : *subgraph.operators()) {
    if (op->inputs() == nullptr || op->outputs() == nullptr) {
      return Invalid(Place(index, "operand list at one of its operators"));
    }
    if (op->opcode_index() >= model_->operator_codes()->size()) {
      return Invalid("operator code index " + std::to_string(op->opcode_index()) +
                     " is out of range");
    }
  }
  const std::uint32_t buffers = model_->buffers() == nullptr ? 0 : model_->buffers()->size();
  for (const schema::Tensor* tensor : *subgraph.tensors()) {
    if (tensor->buffer() >= buffers) {
      return Invalid("buffer index " + std::to_string(tensor->buffer()) + " is out of range");
    }
  }
  return Status::Ok();
}

Status Container::CheckBuffers() const {
  if (model_->buffers() == nullptr || model_->buffers()->size() == 0) {
    return Invalid("the model has no buffers");
  }
  for (std::uint32_t i = 0; i < model_->buffers()->size(); ++i) {
    const schema::Buffer* buffer = model_->buffers()->Get(i);
    if (buffer->data() != nullptr || buffer->offset() < kFirstOffset) continue;
    if (buffer->offset() > file_.size() || buffer->size() > file_.size() - buffer->offset()) {
      return Invalid("buffer " + std::to_string(i) + " lies outside the file");
    }
  }
  return Status::Ok();
}

bool Container::HasPayload(std::uint32_t buffer) const {
  const schema::Buffer* table = model_->buffers()->Get(buffer);
  return buffer != 0 && (table->data() != nullptr || table->offset() >= kFirstOffset);
}

std::uint64_t Container::PayloadPosition(std::uint32_t buffer) const {
  const schema::Buffer* table = model_->buffers()->Get(buffer);
  if (table->data() == nullptr) return table->offset();
  const auto* start = reinterpret_cast<const std::uint8_t*>(file_.data());
  return static_cast<std::uint64_t>(table->data()->data() - start);
}

std::uint64_t Container::PayloadBytes(std::uint32_t buffer) const {
  if (!HasPayload(buffer)) return 0;
  const schema::Buffer* table = model_->buffers()->Get(buffer);
  return table->data() != nullptr ? table->data()->size() : table->size();
}

SharedBytes Container::Payload(std::uint32_t buffer) const {
  if (!HasPayload(buffer)) return {};
  return file_.Slice(PayloadPosition(buffer), PayloadBytes(buffer));
}

}  // namespace smelt::tflite_import
