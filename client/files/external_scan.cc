#include "client/files/external_scan.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string_view>

#include "client/files/wire.h"

namespace smelt::client {
namespace {

// Messages of the ONNX format on the way to a tensor.
enum class Message : std::uint8_t {
  kModel,
  kGraph,
  kNode,
  kAttribute,
  kTensor,
  kSparseTensor,
  kFunction,
  kTraining,
};

struct Edge {
  Message parent;
  std::uint32_t field;
  Message child;
};

// Where a message of interest may sit in another, by the format's field numbers.
constexpr Edge kEdges[] = {
    {Message::kModel, 7, Message::kGraph},
    {Message::kModel, 20, Message::kTraining},
    {Message::kModel, 25, Message::kFunction},
    {Message::kGraph, 1, Message::kNode},
    {Message::kGraph, 5, Message::kTensor},
    {Message::kGraph, 15, Message::kSparseTensor},
    {Message::kNode, 5, Message::kAttribute},
    {Message::kAttribute, 5, Message::kTensor},
    {Message::kAttribute, 6, Message::kGraph},
    {Message::kAttribute, 10, Message::kTensor},
    {Message::kAttribute, 11, Message::kGraph},
    {Message::kAttribute, 22, Message::kSparseTensor},
    {Message::kAttribute, 23, Message::kSparseTensor},
    {Message::kSparseTensor, 1, Message::kTensor},
    {Message::kSparseTensor, 2, Message::kTensor},
    {Message::kFunction, 7, Message::kNode},
    {Message::kFunction, 11, Message::kAttribute},
    {Message::kTraining, 1, Message::kGraph},
    {Message::kTraining, 2, Message::kGraph},
};

// TensorProto and StringStringEntryProto.
constexpr std::uint32_t kTensorExternalData = 13;
constexpr std::uint32_t kTensorDataLocation = 14;
constexpr std::uint64_t kDataLocationExternal = 1;
constexpr std::uint32_t kEntryKey = 1;
constexpr std::uint32_t kEntryValue = 2;

// Three messages a nested graph: far more than any model, small enough to bound the stack below.
constexpr std::size_t kMaxDepth = 3000;

std::string_view Text(ByteSpan bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

const Edge* FindEdge(Message parent, std::uint32_t field) {
  const auto* edge = std::find_if(std::begin(kEdges), std::end(kEdges), [&](const Edge& row) {
    return row.parent == parent && row.field == field;
  });
  return edge == std::end(kEdges) ? nullptr : edge;
}

// A message being read, with what a tensor has said so far.
struct Frame {
  Message message;
  WireCursor cursor;
  std::string_view location;
  bool is_external = false;
};

// Reads one entry of external_data; false when it is malformed.
bool ReadEntry(ByteSpan entry, std::string_view* location) {
  std::string_view key;
  std::string_view value;
  WireField field;
  for (WireCursor cursor(entry); !cursor.at_end();) {
    if (!cursor.Next(&field)) return false;
    if (field.kind != WireField::Kind::kBytes) continue;
    if (field.number == kEntryKey) key = Text(field.bytes);
    if (field.number == kEntryValue) value = Text(field.bytes);
  }
  if (key == "location") *location = value;
  return true;
}

bool ReadTensorField(const WireField& field, Frame* frame) {
  if (field.number == kTensorExternalData && field.kind == WireField::Kind::kBytes) {
    return ReadEntry(field.bytes, &frame->location);
  }
  if (field.number == kTensorDataLocation && field.kind == WireField::Kind::kVarint) {
    frame->is_external = field.value == kDataLocationExternal;
  }
  return true;
}

}  // namespace

ExternalScan ScanExternalData(ByteSpan model) {
  std::set<std::string_view> found;
  std::vector<Frame> stack;  // not the call stack: depth is the sender's choice
  stack.push_back({Message::kModel, WireCursor(model), {}});
  WireField field;
  while (!stack.empty()) {
    Frame& frame = stack.back();
    if (frame.cursor.at_end()) {
      if (frame.is_external && !frame.location.empty()) found.insert(frame.location);
      stack.pop_back();
      continue;
    }
    if (!frame.cursor.Next(&field)) return {};
    if (frame.message == Message::kTensor) {
      if (!ReadTensorField(field, &frame)) return {};
      continue;
    }
    if (field.kind != WireField::Kind::kBytes) continue;
    if (const Edge* edge = FindEdge(frame.message, field.number)) {
      if (stack.size() == kMaxDepth) return {};
      stack.push_back({edge->child, WireCursor(field.bytes), {}});
    }
  }
  return {.well_formed = true, .locations = {found.begin(), found.end()}};
}

}  // namespace smelt::client
