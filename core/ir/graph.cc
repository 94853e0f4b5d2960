#include "core/ir/graph.h"

#include <algorithm>
#include <utility>

#include "core/base/status.h"

namespace smelt::ir {
namespace {

// One more element. Growing fourfold moves the old ones a third as often as doubling does, but
// would reserve more for a large arena than a worker's limit may allow.
template <class T>
T& Append(std::vector<T>& arena) {
  constexpr std::size_t kLarge = 1 << 17;
  if (arena.size() == arena.capacity()) {
    arena.reserve(std::max<std::size_t>(arena.size(), 1) * (arena.size() < kLarge ? 4 : 2));
  }
  return arena.emplace_back();
}

constexpr std::uint32_t kLargestResult = 0x7FFF'FFFF;  // that Value::result holds

TensorType TypeOf(const Constant& constant) {
  return {constant.dtype(), Shape::Of(constant.shape())};
}

}  // namespace

Graph::Graph(std::string name) : name_(std::move(name)) {
  ops_.emplace_back();  // the return
  first_ = return_ = OpId{0};
}

// --- Values ---

ValueId Graph::AddInput(TensorType type, std::string name) {
  const ValueId id{static_cast<std::uint32_t>(values_.size())};
  Value& made = Append(values_);
  made.type = std::move(type);
  made.name = std::move(name);
  made.is_input = true;
  made.result = inputs_.size() & kLargestResult;
  inputs_.push_back(id);
  return id;
}

ValueId Graph::AddConstant(Constant constant, std::string name) {
  const ValueId id{static_cast<std::uint32_t>(values_.size())};
  Value& made = Append(values_);
  made.type = TypeOf(constant);
  made.name = std::move(name);
  made.constant = std::make_shared<const Constant>(std::move(constant));
  return id;
}

ValueId Graph::SharedInts(std::span<const std::int32_t> elements) {
  const auto [at, is_new] = ints_.try_emplace({elements.begin(), elements.end()});
  if (is_new || !value(at->second).is_constant()) {
    at->second = AddConstant(
        Constant::FromValues(DType::kI32, {static_cast<std::int64_t>(elements.size())}, elements));
  }
  return at->second;
}

const Constant* Graph::constant(ValueId id) const {
  return id.valid() ? value(id).constant.get() : nullptr;
}

// --- Operators ---

OpId Graph::Insert(OpKind kind, std::span<const ValueId> operands, Attributes attrs,
                   std::span<const TensorType> result_types, OriginId origin, OpId before) {
  // Copied first: the caller may have pointed into this graph's own values, which are about to
  // move.
  absl::InlinedVector<TensorType, 2> types(result_types.begin(), result_types.end());
  const OpId id{static_cast<std::uint32_t>(ops_.size())};
  {
    Op& made = Append(ops_);
    made.kind = kind;
    made.attrs = std::move(attrs);
    made.origin = origin;
    made.operands.reserve(operands.size());
    made.results.reserve(types.size());
  }
  for (const ValueId operand : operands) AppendOperand(id, operand);
  for (TensorType& type : types) {
    const ValueId result{static_cast<std::uint32_t>(values_.size())};
    Value& made = Append(values_);
    made.type = std::move(type);
    made.producer = id;
    made.result = op(id).results.size() & kLargestResult;
    op(id).results.push_back(result);
  }
  LinkOp(id, before);
  ++live_ops_;
  return id;
}

void Graph::Erase(OpId id) {
  SMELT_CHECK(id != return_ && op(id).alive);
  for (const ValueId result : op(id).results) {
    SMELT_CHECK(!HasUses(result));
    value(result).producer = {};
  }
  for (std::uint32_t i = 0; i < op(id).operands.size(); ++i) UnlinkUse({id, i});
  UnlinkOp(id);
  Op& erased = op(id);
  erased.operands.clear();
  erased.results.clear();
  erased.regions.clear();
  erased.attrs = {};
  erased.alive = false;
  --live_ops_;
}

void Graph::SetOperand(Use use, ValueId to) {
  UnlinkUse(use);
  op(use.op).operands[use.operand].value = to;
  LinkUse(use);
}

void Graph::AppendOperand(OpId id, ValueId operand) {
  op(id).operands.push_back({operand, {}, {}});
  LinkUse({id, static_cast<std::uint32_t>(op(id).operands.size() - 1)});
}

void Graph::ReplaceAllUses(ValueId from, ValueId to) {
  SMELT_CHECK(from.valid() && to.valid());
  if (from == to) return;
  while (HasUses(from)) SetOperand(value(from).first_use, to);
}

void Graph::MoveBefore(OpId id, OpId before) {
  if (id == before) return;
  UnlinkOp(id);
  LinkOp(id, before);
}

void Graph::MakeConstant(ValueId id, Constant constant) {
  SMELT_CHECK(!value(id).is_input);
  const OpId producer = value(id).producer;
  if (producer.valid()) {
    const ValueId dead{static_cast<std::uint32_t>(values_.size())};
    Value& made = Append(values_);
    made.type = value(id).type;
    made.producer = producer;
    made.result = value(id).result;
    op(producer).results[made.result] = dead;
  }
  Value& held = value(id);
  held.producer = {};
  held.result = 0;
  held.type = TypeOf(constant);
  held.constant = std::make_shared<const Constant>(std::move(constant));
}

std::vector<Use> Graph::UsesOf(ValueId id) const {
  std::vector<Use> uses;
  for (Use use = value(id).first_use; use.valid(); use = op(use.op).operands[use.operand].next) {
    uses.push_back(use);
  }
  return uses;
}

bool Graph::HasOneUse(ValueId id) const {
  const Use use = value(id).first_use;
  return use.valid() && !op(use.op).operands[use.operand].next.valid();
}

// --- Results ---

void Graph::SetOutputs(std::span<const ValueId> outputs) {
  for (std::uint32_t i = 0; i < op(return_).operands.size(); ++i) UnlinkUse({return_, i});
  op(return_).operands.clear();
  for (const ValueId output : outputs) AppendOperand(return_, output);
}

std::vector<ValueId> Graph::outputs() const {
  std::vector<ValueId> results;
  for (const Op::Operand& operand : op(return_).operands) results.push_back(operand.value);
  return results;
}

// --- Lists ---

void Graph::LinkUse(Use use) {
  Op::Operand& operand = op(use.op).operands[use.operand];
  operand.previous = {};
  operand.next = {};
  if (!operand.value.valid()) return;  // absent: used by nobody
  Use& head = value(operand.value).first_use;
  operand.next = head;
  if (head.valid()) op(head.op).operands[head.operand].previous = use;
  head = use;
}

void Graph::UnlinkUse(Use use) {
  const Op::Operand& operand = op(use.op).operands[use.operand];
  if (!operand.value.valid()) return;
  if (operand.previous.valid()) {
    op(operand.previous.op).operands[operand.previous.operand].next = operand.next;
  } else {
    value(operand.value).first_use = operand.next;
  }
  if (operand.next.valid()) {
    op(operand.next.op).operands[operand.next.operand].previous = operand.previous;
  }
}

void Graph::LinkOp(OpId id, OpId before) {
  if (!before.valid()) before = return_;
  SMELT_CHECK(before == return_ || op(before).alive);
  const OpId after = op(before).previous;
  op(id).previous = after;
  op(id).next = before;
  op(before).previous = id;
  if (after.valid()) {
    op(after).next = id;
  } else {
    first_ = id;
  }
}

void Graph::UnlinkOp(OpId id) {
  const OpId before = op(id).previous;
  const OpId after = op(id).next;
  if (before.valid()) {
    op(before).next = after;
  } else {
    first_ = after;
  }
  op(after).previous = before;
}

}  // namespace smelt::ir
