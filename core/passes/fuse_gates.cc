// x times a gate of x, spelt out by an exporter, becomes the operator that it is:
//
//   x * 0.5 * (1 + erf(x / sqrt(2)))                          GELU
//   x * 0.5 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))   GELU, approximate
//   x * relu6(x + 3) / 6                                      HARD_SWISH
//
// Exporters order the factors in many ways, so that products are compared as sets of factors.
#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "core/ir/builder.h"
#include "core/passes/passes.h"

namespace smelt::passes {
namespace {

using ir::OpId;
using ir::OpKind;
using ir::ValueId;

// Constants were rounded to float32 once or twice.
bool IsNear(double value, double wanted) { return std::abs(value / wanted - 1) < 1e-6; }

std::optional<double> ScalarOf(const ir::Graph& graph, ValueId id) {
  const ir::Constant* constant = graph.constant(id);
  if (constant == nullptr || constant->element_count() != 1) return std::nullopt;
  const auto values = constant->AsDoubles();
  return values.has_value() ? std::optional(values->front()) : std::nullopt;
}

// One constant times some values.
struct Product {
  double factor = 1;
  std::vector<ValueId> values;
};

class GateFusion {
 public:
  GateFusion(PassContext& context, ir::GraphId graph)
      : context_(context), graph_id_(graph), graph_(context.module.graph(graph)) {}

  Status Run() {
    for (const OpId id : graph_) {
      const ir::Op& op = graph_.op(id);
      if (op.kind != OpKind::kMul && op.kind != OpKind::kDiv) continue;
      if (graph_.type(op.result()).dtype != ir::DType::kF32) continue;
      matched_.clear();
      const Product product = Factors(op.result(), 0);
      if (product.values.size() != 2) continue;
      SMELT_RETURN_IF_ERROR(Try(id, product, 0));
      if (graph_.op(id).alive) SMELT_RETURN_IF_ERROR(Try(id, product, 1));
    }
    return Status::Ok();
  }

 private:
  // The operator that makes the value, when it is of that kind, clamps nothing and, unless it is
  // the `root`, serves nobody else.
  const ir::Op* Maker(ValueId id, OpKind kind, bool root = false) {
    const OpId producer = graph_.value(id).producer;
    if (!producer.valid() || (!root && !graph_.HasOneUse(id))) return nullptr;
    const ir::Op& op = graph_.op(producer);
    if (op.kind != kind || op.attrs.String("fused_activation_function", "NONE") != "NONE") {
      return nullptr;
    }
    matched_.push_back(producer);
    return &op;
  }

  // `depth`: of the value in the product; the root has none. Its limit bounds the work of long
  // chains and is beyond every pattern.
  void Collect(ValueId id, int depth, Product& product) {
    constexpr int kDepth = 5;
    const bool root = depth == 0;
    if (const auto scalar = ScalarOf(graph_, id)) {
      product.factor *= *scalar;
    } else if (depth == kDepth) {
      product.values.push_back(id);
    } else if (const ir::Op* mul = Maker(id, OpKind::kMul, root)) {
      Collect(mul->input(0), depth + 1, product);
      Collect(mul->input(1), depth + 1, product);
    } else if (const ir::Op* power = PowerOf(id)) {
      const int times =
          power->kind == OpKind::kSquare ? 2 : static_cast<int>(*ScalarOf(graph_, power->input(1)));
      for (int i = 0; i < times; ++i) Collect(power->input(0), depth + 1, product);
    } else if (const ir::Op* div = DividedByScalar(id, root)) {
      product.factor /= *ScalarOf(graph_, div->input(1));
      Collect(div->input(0), depth + 1, product);
    } else {
      product.values.push_back(id);
    }
  }

  Product Factors(ValueId id, int depth = 1) {
    Product product;
    Collect(id, depth, product);
    return product;
  }

  const ir::Op* DividedByScalar(ValueId id, bool root) {
    const OpId producer = graph_.value(id).producer;
    if (!producer.valid() || graph_.op(producer).kind != OpKind::kDiv) return nullptr;
    const auto divisor = ScalarOf(graph_, graph_.op(producer).input(1));
    return divisor.value_or(0) != 0 ? Maker(id, OpKind::kDiv, root) : nullptr;
  }

  // A square, or a square or cube as POW.
  const ir::Op* PowerOf(ValueId id) {
    if (const ir::Op* square = Maker(id, OpKind::kSquare)) return square;
    const OpId producer = graph_.value(id).producer;
    if (!producer.valid() || graph_.op(producer).kind != OpKind::kPow) return nullptr;
    const auto exponent = ScalarOf(graph_, graph_.op(producer).input(1));
    return exponent == 2.0 || exponent == 3.0 ? Maker(id, OpKind::kPow) : nullptr;
  }

  // What the value adds to the constant.
  std::optional<ValueId> BesideSummand(ValueId id, double constant) {
    const ir::Op* sum = Maker(id, OpKind::kAdd);
    if (sum == nullptr) return std::nullopt;
    for (const int side : {0, 1}) {
      const auto scalar = ScalarOf(graph_, sum->input(side));
      if (scalar.has_value() && IsNear(*scalar, constant)) return sum->input(1 - side);
    }
    return std::nullopt;
  }

  bool Is(const Product& product, double factor, ValueId x, std::size_t power) {
    return IsNear(product.factor, factor) && product.values.size() == power &&
           std::ranges::all_of(product.values, [&](ValueId value) { return value == x; });
  }

  bool IsErfGate(ValueId gate, ValueId x) {
    const auto inner = BesideSummand(gate, 1);
    const ir::Op* erf = inner.has_value() ? Maker(*inner, OpKind::kCoreErf) : nullptr;
    return erf != nullptr && Is(Factors(erf->input(0)), std::sqrt(0.5), x, 1);
  }

  // x + 0.044715 x^3, also as x (1 + 0.044715 x^2), times sqrt(2 / pi).
  bool IsTanhGate(ValueId gate, ValueId x) {
    constexpr double kCubic = 0.044715;
    const auto inner = BesideSummand(gate, 1);
    const ir::Op* tanh = inner.has_value() ? Maker(*inner, OpKind::kTanh) : nullptr;
    if (tanh == nullptr) return false;
    const Product product = Factors(tanh->input(0));
    if (!IsNear(product.factor, std::sqrt(2 / M_PI))) return false;
    if (product.values.size() == 2) {
      const ValueId other = product.values[product.values[0] == x ? 1 : 0];
      const auto square = BesideSummand(other, 1);
      return std::ranges::count(product.values, x) == 1 && square.has_value() &&
             Is(Factors(*square), kCubic, x, 2);
    }
    const ir::Op* sum =
        product.values.size() == 1 ? Maker(product.values[0], OpKind::kAdd) : nullptr;
    if (sum == nullptr) return false;
    const int cubic = sum->input(0) == x ? 1 : 0;
    return sum->input(1 - cubic) == x && Is(Factors(sum->input(cubic)), kCubic, x, 3);
  }

  bool IsHardGate(ValueId gate, ValueId x) {
    const ir::Op* relu = Maker(gate, OpKind::kRelu6);
    const auto inner = relu != nullptr ? BesideSummand(relu->input(0), 3) : std::nullopt;
    return inner == x;
  }

  // The product with its factor `at` as x and the other one as the gate.
  Status Try(OpId root, const Product& product, std::size_t at) {
    const ValueId x = product.values[at];
    const ValueId gate = product.values[1 - at];
    if (!(graph_.type(x) == graph_.type(graph_.op(root).result()))) return Status::Ok();
    const std::size_t product_size = matched_.size();
    if (IsNear(product.factor, 0.5)) {
      if (IsErfGate(gate, x)) return Replace(root, OpKind::kGelu, x, {{"approximate", false}});
      matched_.resize(product_size);
      if (IsTanhGate(gate, x)) return Replace(root, OpKind::kGelu, x, {{"approximate", true}});
    } else if (IsNear(product.factor, 1.0 / 6) && IsHardGate(gate, x)) {
      return Replace(root, OpKind::kHardSwish, x, {});
    }
    matched_.resize(product_size);
    return Status::Ok();
  }

  // The parts of the pattern stay without use; what removes dead operators follows.
  Status Replace(OpId root, OpKind kind, ValueId x, ir::Attributes attrs) {
    ir::OriginId origin = graph_.op(root).origin;
    for (const OpId part : matched_) {
      origin = context_.module.origins().Merge(origin, graph_.op(part).origin);
    }
    ir::Builder builder(context_.module, graph_id_, origin, root);
    const ValueId made = builder.Emit(kind, {x}, std::move(attrs));
    SMELT_RETURN_IF_ERROR(builder.status());
    const ValueId old = graph_.op(root).result();
    graph_.ReplaceAllUses(old, made);
    graph_.value(made).name = graph_.value(old).name;
    graph_.Erase(root);
    ++context_.rewrites;
    return Status::Ok();
  }

  PassContext& context_;
  ir::GraphId graph_id_;
  ir::Graph& graph_;
  std::vector<OpId> matched_;  // operators of the pattern that is being compared
};

}  // namespace

Status FuseGates(PassContext& context) {
  for (std::uint32_t i = 0; i < context.module.graph_count(); ++i) {
    SMELT_RETURN_IF_ERROR(GateFusion(context, ir::GraphId{i}).Run());
  }
  return Status::Ok();
}

}  // namespace smelt::passes
