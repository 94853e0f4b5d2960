// Graph: an arena of operators and values by index, with intrusive use lists and a stable order.
//
// Every edit is O(1) in the size of the graph (O(uses) for replacing a value everywhere); no pass
// needs an index of the whole graph. A graph is isolated: what a region uses from outside is an
// explicit operand of the operator that owns the region. Not thread safe; owned by one Module.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/inlined_vector.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/ir/attributes.h"
#include "core/ir/constant.h"
#include "core/ir/op_kind.h"
#include "core/ir/origin.h"
#include "core/ir/quant.h"
#include "core/ir/shape.h"

namespace smelt::ir {

template <class Tag>
struct Id {
  std::uint32_t index = UINT32_MAX;
  constexpr bool valid() const { return index != UINT32_MAX; }
  friend constexpr auto operator<=>(Id, Id) = default;
};
using OpId = Id<struct OpTag>;
using ValueId = Id<struct ValueTag>;  // invalid: an absent optional operand
using GraphId = Id<struct GraphTag>;

// Operand `operand` of operator `op`: one use of a value.
struct Use {
  OpId op;
  std::uint32_t operand = 0;
  bool valid() const { return op.valid(); }
  friend bool operator==(const Use&, const Use&) = default;
};

struct Value {
  TensorType type;
  std::string name;  // unique only where the source's names are; may be empty
  std::shared_ptr<const Constant> constant;  // set: the value is a constant of the graph
  Quant quant;
  OpId producer;                  // invalid for inputs and constants
  std::uint32_t result : 31 = 0;  // which result of the producer, or which graph input
  bool is_input : 1 = false;
  Use first_use;  // head of the use list
  bool is_constant() const { return constant != nullptr; }
};

static_assert(sizeof(Value) <= 128, "two cache lines: large graphs are walked many times");

struct Op {
  struct Operand {
    ValueId value;
    Use previous, next;  // neighbours in the value's use list
  };
  OpKind kind = OpKind::kReturn;
  absl::InlinedVector<Operand, 3> operands;
  absl::InlinedVector<ValueId, 2> results;
  Attributes attrs;
  std::vector<GraphId> regions;
  OriginId origin = kNoOrigin;
  OpId previous, next;  // program order
  bool alive = true;

  ValueId input(int i) const {  // invalid when absent
    const auto index = static_cast<std::size_t>(i);
    return index < operands.size() ? operands[index].value : ValueId{};
  }
  ValueId result(int i = 0) const { return results[static_cast<std::size_t>(i)]; }
  int input_count() const { return static_cast<int>(operands.size()); }
};

class Graph {
 public:
  explicit Graph(std::string name);

  // --- Values ---
  ValueId AddInput(TensorType type, std::string name);
  ValueId AddConstant(Constant constant, std::string name = "");
  // A nameless rank 1 int32 constant of these elements (a permutation): one for all who ask.
  ValueId SharedInts(std::span<const std::int32_t> elements);
  Value& value(ValueId id) { return values_[id.index]; }
  const Value& value(ValueId id) const { return values_[id.index]; }
  const TensorType& type(ValueId id) const { return values_[id.index].type; }
  const Constant* constant(ValueId id) const;  // null when absent or not a constant
  std::size_t value_count() const { return values_.size(); }
  const std::vector<ValueId>& inputs() const { return inputs_; }

  // --- Operators. `before` invalid: at the end, before the return. ---
  // Makes one result value per type. Operands must be defined before; regions belong to the module.
  OpId Insert(OpKind kind, std::span<const ValueId> operands, Attributes attrs,
              std::span<const TensorType> result_types, OriginId origin, OpId before = {});
  Op& op(OpId id) { return ops_[id.index]; }
  const Op& op(OpId id) const { return ops_[id.index]; }
  std::size_t op_arena_size() const { return ops_.size(); }  // erased ones included
  std::size_t op_count() const { return live_ops_; }         // without the return
  // Requires that no result is used. Unlinks the operands.
  void Erase(OpId id);
  void SetOperand(Use use, ValueId value);
  void AppendOperand(OpId id, ValueId value);
  void ReplaceAllUses(ValueId from, ValueId to);
  void MoveBefore(OpId id, OpId before);
  // The value becomes a constant: its producer, if any, loses the result to a fresh dead value.
  void MakeConstant(ValueId id, Constant constant);

  bool HasUses(ValueId id) const { return value(id).first_use.valid(); }
  std::vector<Use> UsesOf(ValueId id) const;
  bool HasOneUse(ValueId id) const;

  // --- Results: operands of the return operator. ---
  OpId return_op() const { return return_; }
  void SetOutputs(std::span<const ValueId> outputs);
  std::vector<ValueId> outputs() const;

  // --- Program order, without the return. Erasing the current op while iterating is allowed. ---
  OpId first() const { return first_ == return_ ? OpId{} : first_; }
  OpId next(OpId id) const {
    const OpId following = op(id).next;
    return following == return_ ? OpId{} : following;
  }
  class Iterator {
   public:
    Iterator(const Graph* graph, OpId at) : graph_(graph), at_(at) { Prefetch(); }
    OpId operator*() const { return at_; }
    Iterator& operator++() {
      at_ = next_;
      Prefetch();
      return *this;
    }
    bool operator!=(const Iterator& other) const { return at_ != other.at_; }

   private:
    void Prefetch() { next_ = at_.valid() ? graph_->next(at_) : OpId{}; }
    const Graph* graph_;
    OpId at_, next_;
  };
  Iterator begin() const { return {this, first()}; }
  Iterator end() const { return {this, OpId{}}; }

  const std::string& name() const { return name_; }
  void set_name(std::string name) { name_ = std::move(name); }

 private:
  void LinkUse(Use use);
  void UnlinkUse(Use use);
  void LinkOp(OpId id, OpId before);
  void UnlinkOp(OpId id);

  std::string name_;
  std::vector<Op> ops_;
  std::vector<Value> values_;
  std::vector<ValueId> inputs_;
  OpId first_, return_;
  std::size_t live_ops_ = 0;
  absl::flat_hash_map<std::vector<std::int32_t>, ValueId> ints_;  // what SharedInts has made
};

}  // namespace smelt::ir
