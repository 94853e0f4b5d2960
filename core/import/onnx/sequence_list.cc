#include "core/import/onnx/sequence_list.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace smelt::onnx_import {
namespace {

using Elements = std::vector<WalkValue>;
using Inputs = std::span<const WalkValue* const>;
using Edit = Result<WalkValue> (*)(const OnnxNode&, Inputs);

const WalkValue* At(Inputs inputs, std::size_t i) {
  return i < inputs.size() ? inputs[i] : nullptr;
}

// Input `i` as one of `places`, counted from the end of `count` elements when negative.
Result<std::int64_t> Place(const OnnxNode& node, int i, std::int64_t count, std::int64_t places) {
  const auto known = node.input_ints(i);
  if (!known || known->size() != 1) {
    return Status(Reason::kRequiresConstantInput,
                  "the position in the sequence is computed at run time");
  }
  const std::int64_t at = known->front() < 0 ? known->front() + count : known->front();
  if (at >= 0 && at < places) return at;
  return Status(Reason::kValueOutOfRange, "position " + std::to_string(known->front()) +
                                              " in a sequence of " + std::to_string(count));
}

Result<WalkValue> Empty(const OnnxNode&, Inputs) { return MakeSequence({}); }

Result<WalkValue> Construct(const OnnxNode&, Inputs inputs) {
  Elements list;
  for (const WalkValue* input : inputs) {
    if (input == nullptr || !input->is_tensor()) {
      return Status(Reason::kUnsupportedType, "a sequence is made of tensors");
    }
    list.push_back(*input);
  }
  return MakeSequence(std::move(list));
}

Result<WalkValue> Insert(const OnnxNode& node, Inputs inputs) {
  SMELT_ASSIGN_OR_RETURN(Elements list, SequenceElements(inputs));
  const auto count = static_cast<std::int64_t>(list.size());
  std::int64_t at = count;
  if (node.has_input(2)) {
    SMELT_ASSIGN_OR_RETURN(at, Place(node, 2, count, count + 1));
  }
  list.insert(list.begin() + at, *inputs[1]);
  return MakeSequence(std::move(list));
}

Result<WalkValue> Erase(const OnnxNode& node, Inputs inputs) {
  SMELT_ASSIGN_OR_RETURN(Elements list, SequenceElements(inputs));
  const auto count = static_cast<std::int64_t>(list.size());
  std::int64_t at = count - 1;
  if (node.has_input(1)) {
    SMELT_ASSIGN_OR_RETURN(at, Place(node, 1, count, count));
  }
  if (at < 0) return Status(Reason::kValueOutOfRange, "nothing to erase in an empty sequence");
  list.erase(list.begin() + at);
  return MakeSequence(std::move(list));
}

Result<WalkValue> Pick(const OnnxNode& node, Inputs inputs) {
  SMELT_ASSIGN_OR_RETURN(const Elements list, SequenceElements(inputs));
  const auto count = static_cast<std::int64_t>(list.size());
  SMELT_ASSIGN_OR_RETURN(const std::int64_t at, Place(node, 1, count, count));
  return list[static_cast<std::size_t>(at)];
}

Result<WalkValue> Wrap(const OnnxNode&, Inputs inputs) {
  if (const WalkValue* value = At(inputs, 0)) return *value;
  WalkValue none;
  none.none = true;
  return none;
}

Result<WalkValue> Unwrap(const OnnxNode&, Inputs inputs) {
  const WalkValue* value = At(inputs, 0);
  if (value != nullptr && !value->none) return *value;
  return Status(Reason::kValueOutOfRange, "the optional value is absent");
}

constexpr std::pair<std::string_view, Edit> kEdits[] = {
    {"Identity", Wrap},
    {"Optional", Wrap},
    {"OptionalGetElement", Unwrap},
    {"SequenceAt", Pick},
    {"SequenceConstruct", Construct},
    {"SequenceEmpty", Empty},
    {"SequenceErase", Erase},
    {"SequenceInsert", Insert},
};

}  // namespace

WalkValue MakeSequence(Elements elements) {
  WalkValue value;
  value.elements = std::make_shared<const Elements>(std::move(elements));
  return value;
}

Result<Elements> SequenceElements(Inputs inputs) {
  const WalkValue* first = At(inputs, 0);
  if (first != nullptr && first->elements != nullptr) return *first->elements;
  return Status(Reason::kUnsupportedType, "input 0 is not a sequence");
}

Result<WalkValue> EditSequence(const OnnxNode& node, Inputs inputs) {
  for (const auto& [op, edit] : kEdits) {
    if (op == node.op_type()) return edit(node, inputs);
  }
  return Status(Reason::kUnsupportedType,
                "takes tensors, and an input is a sequence or an optional value");
}

}  // namespace smelt::onnx_import
