#include "core/ir/builder.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/ir/element_cast.h"
#include "core/ir/op_table.h"

namespace smelt::ir {
namespace {

// A dimension that inference can't tell gets a name of its own.
void NameUnknownDims(SymbolTable& symbols, std::vector<TensorType>& types) {
  for (TensorType& type : types) {
    for (Dim& dim : type.shape.dims()) {
      if (dim.is_unknown()) dim = symbols.Fresh("inferred");
    }
  }
}

}  // namespace

Builder::Builder(Module& module, GraphId graph, OriginId origin, OpId before)
    : module_(module),
      graph_id_(graph),
      graph_(module.graph(graph)),
      origin_(origin),
      before_(before) {}

void Builder::Fail(Status status) {
  if (status_.ok()) status_ = std::move(status);
}

// --- Operators ---

ValueId Builder::Emit(OpKind kind, std::initializer_list<ValueId> operands, Attributes attrs) {
  return Emit(kind, std::span<const ValueId>(operands.begin(), operands.size()), std::move(attrs));
}

ValueId Builder::Emit(OpKind kind, std::span<const ValueId> operands, Attributes attrs) {
  const std::vector<ValueId> results = EmitMany(kind, operands, std::move(attrs));
  return results.empty() ? ValueId{} : results.front();
}

std::vector<ValueId> Builder::EmitMany(OpKind kind, std::span<const ValueId> operands,
                                       Attributes attrs) {
  if (!status_.ok()) return {};
  Result<std::vector<TensorType>> types =
      InferTypes(graph_, module_.symbols(), kind, operands, attrs);
  if (!types.ok()) {
    Fail(std::move(types).status().WithContext("while emitting " +
                                               std::string(GetOpInfo(kind).name)));
    return {};
  }
  NameUnknownDims(module_.symbols(), *types);
  const OpId op = graph_.Insert(kind, operands, std::move(attrs), *types, origin_, before_);
  const auto& results = graph_.op(op).results;
  return {results.begin(), results.end()};
}

ValueId Builder::EmitTyped(OpKind kind, std::span<const ValueId> operands, Attributes attrs,
                           TensorType type) {
  if (!status_.ok()) return {};
  if (GetOpInfo(kind).infer != nullptr) {
    Result<std::vector<TensorType>> inferred =
        InferTypes(graph_, module_.symbols(), kind, operands, attrs);
    if (!inferred.ok()) {
      Fail(std::move(inferred).status());
      return {};
    }
    if (inferred->size() != 1 || !MayAgree(inferred->front(), type)) {
      const SymbolTable& symbols = module_.symbols();
      Fail(Status(Reason::kShapeMismatch,
                  std::string(GetOpInfo(kind).name) + " gives " +
                      (inferred->empty() ? "nothing" : symbols.Text(inferred->front())) +
                      " where " + symbols.Text(type) + " is expected"));
      return {};
    }
  }
  const OpId op = graph_.Insert(kind, operands, std::move(attrs), {&type, 1}, origin_, before_);
  return graph_.op(op).result();
}

std::vector<ValueId> Builder::EmitComposite(std::string_view name,
                                            std::span<const ValueId> operands, Attributes attrs,
                                            std::span<const TensorType> types, GraphId body) {
  if (!status_.ok()) return {};
  attrs.Set("name", std::string(name));
  const OpId op =
      graph_.Insert(OpKind::kComposite, operands, std::move(attrs), types, origin_, before_);
  if (body.valid()) graph_.op(op).regions.push_back(body);
  const auto& results = graph_.op(op).results;
  return {results.begin(), results.end()};
}

// --- Constants ---

ValueId Builder::Const(Constant constant, std::string name) {
  if (!status_.ok()) return {};
  return graph_.AddConstant(std::move(constant), std::move(name));
}

ValueId Builder::ConstI32(std::span<const std::int32_t> values) {
  return Const(
      Constant::FromValues(DType::kI32, {static_cast<std::int64_t>(values.size())}, values));
}

ValueId Builder::ConstI32(std::initializer_list<std::int32_t> values) {
  return ConstI32(std::span<const std::int32_t>(values.begin(), values.size()));
}

ValueId Builder::ScalarI32(std::int32_t value) {
  return Const(Constant::FromValues(DType::kI32, {}, std::span<const std::int32_t>(&value, 1)));
}

ValueId Builder::Scalar(DType dtype, double value) {
  if (!IsNumeric(dtype)) {
    Fail(Status(Reason::kUnsupportedType,
                "there is no arithmetic on " + std::string(DTypeName(dtype))));
    return {};
  }
  return Const(Constant::FromValues(DType::kF64, {}, std::span<const double>(&value, 1))
                   .Cast(dtype)
                   .Evaluated());
}

ValueId Builder::ConstI64(std::span<const std::int64_t> values) {
  return Const(
      Constant::FromValues(DType::kI64, {static_cast<std::int64_t>(values.size())}, values));
}

// --- What translations say all the time ---

ValueId Builder::Transpose(ValueId x, std::span<const int> permutation) {
  if (!status_.ok()) return {};
  const int rank = type(x).shape.rank();
  std::vector<int> sorted(permutation.begin(), permutation.end());
  std::sort(sorted.begin(), sorted.end());
  std::vector<int> axes(static_cast<std::size_t>(rank));
  std::iota(axes.begin(), axes.end(), 0);
  if (sorted != axes) {
    Fail(Status(Reason::kInternalError, "not a permutation of " + std::to_string(rank) + " axes"));
    return {};
  }
  if (std::equal(permutation.begin(), permutation.end(), axes.begin())) return x;
  if (const Constant* held = constant(x)) {
    return Const(held->Transposed(permutation), graph_.value(x).name);
  }
  const std::vector<std::int32_t> operand(permutation.begin(), permutation.end());
  return Emit(OpKind::kTranspose, {x, graph_.SharedInts(operand)});
}

ValueId Builder::Transpose(ValueId x, std::initializer_list<int> permutation) {
  return Transpose(x, std::span<const int>(permutation.begin(), permutation.size()));
}

ValueId Builder::Cast(ValueId x, DType to) {
  if (!status_.ok()) return {};
  const DType from = type(x).dtype;
  if (from == to) return x;
  const Constant* held = constant(x);
  if (held != nullptr && IsNumeric(from) && IsNumeric(to)) {
    return Const(held->Cast(to), graph_.value(x).name);
  }
  return Emit(OpKind::kCast, {x},
              {{"in_data_type", std::string(DTypeName(from))},
               {"out_data_type", std::string(DTypeName(to))}});
}

ValueId Builder::Add(ValueId a, ValueId b) {
  return Emit(OpKind::kAdd, {a, b}, {{"fused_activation_function", std::string("NONE")}});
}
ValueId Builder::Sub(ValueId a, ValueId b) {
  return Emit(OpKind::kSub, {a, b}, {{"fused_activation_function", std::string("NONE")}});
}
ValueId Builder::Mul(ValueId a, ValueId b) {
  return Emit(OpKind::kMul, {a, b}, {{"fused_activation_function", std::string("NONE")}});
}
ValueId Builder::Div(ValueId a, ValueId b) {
  return Emit(OpKind::kDiv, {a, b}, {{"fused_activation_function", std::string("NONE")}});
}
ValueId Builder::Maximum(ValueId a, ValueId b) { return Emit(OpKind::kMaximum, {a, b}); }
ValueId Builder::Minimum(ValueId a, ValueId b) { return Emit(OpKind::kMinimum, {a, b}); }

const TensorType& Builder::type(ValueId id) const { return graph_.type(id); }
const Constant* Builder::constant(ValueId id) const { return graph_.constant(id); }

}  // namespace smelt::ir
