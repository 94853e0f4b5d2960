#include "core/import/tflite/description_state.h"

#include <utility>

namespace smelt::tflite_import {
namespace {

constexpr std::size_t kMostProblems = 64;
// Of texts and lists: those of small files may well be shared.
constexpr std::uint64_t kLeastBudget = std::uint64_t{1} << 16;
// Smaller values of Buffer.offset mean that it is not set.
constexpr std::uint64_t kFirstOffset = 2;

}  // namespace

DescriptionState::DescriptionState(ByteSpan file, ModelDescription& out)
    : file_(file),
      model_(*schema::GetModel(file.data())),
      out_(out),
      budget_(file.size() + kLeastBudget) {
  out_.file_bytes = file.size();
  PlaceBuffers();
}

void DescriptionState::AddProblem(std::string what) {
  ++out_.problem_count;
  if (out_.problems.size() < kMostProblems) out_.problems.push_back(std::move(what));
}

void DescriptionState::PlaceBuffers() {
  if (model_.buffers() == nullptr) return;
  const std::uint32_t count = model_.buffers()->size();
  out_.buffers = count;
  buffers_.resize(count);
  used_.resize(count);
  counted_.resize(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const schema::Buffer& table = *model_.buffers()->Get(i);
    DataDescription& data = buffers_[i];
    data.buffer = i;
    if (table.data() != nullptr) {
      data.bytes = table.data()->size();
      const auto* start = reinterpret_cast<const std::byte*>(table.data()->data());
      if (data.bytes != 0) data.offset = static_cast<std::uint64_t>(start - file_.data());
    } else if (table.offset() >= kFirstOffset) {
      data.behind_flatbuffer = true;
      if (table.offset() > file_.size() || table.size() > file_.size() - table.offset()) {
        AddProblem("buffer " + std::to_string(i) + " lies outside the file: " +
                   std::to_string(table.size()) + " bytes at " + std::to_string(table.offset()));
        continue;
      }
      data.bytes = table.size();
      if (data.bytes != 0) data.offset = table.offset();
    }
  }
}

DataDescription DescriptionState::Use(std::uint32_t buffer, const std::string& place) {
  if (buffer < buffers_.size()) {
    used_[buffer] = true;
    return buffers_[buffer];
  }
  // A tensor of buffer 0 has no data, also where there are no buffers at all.
  if (buffer != 0) {
    AddProblem(place + ": buffer " + std::to_string(buffer) + " is out of range");
  }
  DataDescription none;
  none.buffer = buffer;
  return none;
}

ByteSpan DescriptionState::Bytes(const DataDescription& data) const {
  return data.bytes == 0 ? ByteSpan() : file_.subspan(data.offset, data.bytes);
}

void DescriptionState::CountTensor(int type_number, const TensorDescription& tensor) {
  TypeDescription& row = types_[type_number];
  row.type = tensor.type;
  ++row.tensors;
  if (tensor.data.bytes == 0 || counted_[tensor.data.buffer]) return;
  counted_[tensor.data.buffer] = true;
  row.bytes += tensor.data.bytes;
}

void DescriptionState::Finish() {
  for (const auto& [number, row] : types_) out_.types.push_back(row);
  for (const DataDescription& data : buffers_) {
    out_.data_bytes += data.bytes;
    if (!used_[data.buffer]) out_.unused_bytes += data.bytes;
  }
  if (budget_.exceeded()) {
    AddProblem("texts and lists are shared so often that the description leaves some out");
  }
}

}  // namespace smelt::tflite_import
