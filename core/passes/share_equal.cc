// Operators that compute the same from the same operands: the first stands for all. Shape
// arithmetic is full of them, since each operator asks for its sizes on its own.
#include <absl/container/flat_hash_map.h>
#include <absl/container/inlined_vector.h>
#include <algorithm>
#include <cstring>
#include <functional>
#include <string_view>

#include "core/passes/passes.h"

namespace smelt::passes {
namespace {

using ir::OpId;
using ir::OpKind;
using ir::ValueId;

constexpr std::int64_t kSmall = 64;  // elements of constants that are compared

class Sharer {
 public:
  Sharer(PassContext& context, ir::Graph& graph) : context_(context), graph_(graph) {}

  void Run() {
    for (const OpId id : graph_) {
      const ir::Op& op = graph_.op(id);
      if (!op.regions.empty() || op.results.empty() || op.kind == OpKind::kComposite) continue;
      auto& alike = seen_[Hash(op)];
      const auto first = std::ranges::find_if(alike, [&](OpId other) { return Equal(other, id); });
      if (first == alike.end()) {
        alike.push_back(id);
      } else if (std::ranges::none_of(op.results, [&](ValueId v) { return IsReturned(v); })) {
        Merge(*first, id);
      }
    }
  }

 private:
  const ir::Constant* SmallConstant(ValueId value) const {
    if (!value.valid()) return nullptr;
    const ir::Constant* constant = graph_.constant(value);
    const bool is_small = constant != nullptr && constant->element_count() <= kSmall &&
                          ir::ElementBits(constant->dtype()) != 0;
    return is_small ? constant : nullptr;
  }

  static std::string_view Bytes(const SharedBytes& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  std::size_t Hash(const ir::Op& op) const {
    std::size_t hash = static_cast<std::size_t>(op.kind);
    const auto add = [&hash](std::size_t more) { hash = hash * 1000003U + more; };
    for (const auto& operand : op.operands) {
      if (const ir::Constant* constant = SmallConstant(operand.value)) {
        add(std::hash<std::string_view>()(Bytes(constant->Materialize())));
      } else {
        add(operand.value.index);
      }
    }
    return hash;
  }

  bool SameValue(ValueId a, ValueId b) const {
    if (a == b) return true;
    const ir::Constant* x = SmallConstant(a);
    const ir::Constant* y = SmallConstant(b);
    return x != nullptr && y != nullptr && x->dtype() == y->dtype() && x->shape() == y->shape() &&
           graph_.value(a).quant == graph_.value(b).quant &&
           Bytes(x->Materialize()) == Bytes(y->Materialize());
  }

  bool Equal(OpId first, OpId second) const {
    const ir::Op& a = graph_.op(first);
    const ir::Op& b = graph_.op(second);
    const auto same_type = [&](ValueId x, ValueId y) {
      return graph_.type(x) == graph_.type(y) && graph_.value(x).quant == graph_.value(y).quant;
    };
    return a.kind == b.kind && a.attrs == b.attrs &&
           std::ranges::equal(a.results, b.results, same_type) &&
           std::ranges::equal(a.operands, b.operands, [&](const auto& x, const auto& y) {
             return SameValue(x.value, y.value);
           });
  }

  // A graph's results keep tensors of their own.
  bool IsReturned(ValueId value) const {
    return std::ranges::any_of(graph_.UsesOf(value),
                               [&](const ir::Use& use) { return use.op == graph_.return_op(); });
  }

  void Merge(OpId first, OpId second) {
    graph_.op(first).origin =
        context_.module.origins().Merge(graph_.op(first).origin, graph_.op(second).origin);
    const auto results = graph_.op(second).results;
    for (std::size_t i = 0; i < results.size(); ++i) {
      graph_.ReplaceAllUses(results[i], graph_.op(first).results[i]);
    }
    graph_.Erase(second);
    ++context_.rewrites;
  }

  PassContext& context_;
  ir::Graph& graph_;
  absl::flat_hash_map<std::size_t, absl::InlinedVector<OpId, 1>> seen_;
};

}  // namespace

Status ShareEqual(PassContext& context) {
  for (std::uint32_t i = 0; i < context.module.graph_count(); ++i) {
    Sharer(context, context.module.graph(ir::GraphId{i})).Run();
  }
  return Status::Ok();
}

}  // namespace smelt::passes
