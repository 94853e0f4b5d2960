// Data movement said by RESHAPE, SLICE, SPLIT and CONCATENATION where it can be: RESHAPE is a view
// that the layout solver moves through, and it knows the axes of the others.
#include <algorithm>
#include <optional>
#include <vector>

#include "core/passes/legalize_site.h"
#include "core/passes/passes.h"

namespace smelt::passes {
namespace {

using ir::Builder;
using ir::Dim;
using ir::Dims;
using ir::OpId;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

// Vectors are shape arithmetic mostly: no order of axes to choose, and one operator is best.
bool HasAxes(const Shape& shape) { return shape.rank() > 1; }

Shape WithAxis(const Shape& shape, int axis, Dim size) {
  Dims dims = shape.dims();
  dims.insert(dims.begin() + axis, size);
  return Shape(std::move(dims));
}

// The only position that a GATHER takes, counted from the front.
std::optional<std::int64_t> OnlyPosition(const LegalizeSite& site, int axis) {
  const ir::Constant* indices = site.graph().constant(site.op().input(1));
  if (indices == nullptr || indices->element_count() != 1) return std::nullopt;
  const auto values = indices->AsInts();
  const Dim size = site.type(site.op().input(0)).shape.dim(axis);
  if (!values || !size.is_static() || values->front() < 0 || values->front() >= size.value()) {
    return std::nullopt;
  }
  return values->front();
}

Status RewriteGather(const LegalizeSite& site) {
  const ValueId x = site.op().input(0);
  const ValueId result = site.op().result();
  const int rank = site.type(x).shape.rank();
  const auto axis = ir::NormalizeAxis(site.op().attrs.Int("axis"), rank);
  if (!axis || site.op().attrs.Int("batch_dims") != 0) return Status::Ok();
  if (!HasAxes(site.type(x).shape)) return Status::Ok();
  if (site.graph().constant(x) != nullptr) return Status::Ok();
  const auto position = OnlyPosition(site, *axis);
  if (!position) return Status::Ok();
  std::vector<std::int32_t> begin(static_cast<std::size_t>(rank), 0);
  std::vector<std::int32_t> size(static_cast<std::size_t>(rank), -1);
  begin[static_cast<std::size_t>(*axis)] = static_cast<std::int32_t>(*position);
  size[static_cast<std::size_t>(*axis)] = 1;
  Builder b = site.Before();
  const ValueId part = b.Emit(OpKind::kSlice, {x, b.ConstI32(begin), b.ConstI32(size)});
  return site.Replace(b, b.Reshape(part, site.type(result).shape));
}

Status RewritePack(const LegalizeSite& site) {
  const ir::TensorType type = site.type(site.op().result());
  const auto axis = ir::NormalizeAxis(site.op().attrs.Int("axis"), type.shape.rank());
  if (!axis || type.shape.rank() < 3) return Status::Ok();
  Builder b = site.Before();
  std::vector<ValueId> parts;
  for (int i = 0; i < site.op().input_count(); ++i) {
    const ValueId part = site.op().input(i);
    parts.push_back(b.Reshape(part, WithAxis(site.type(part).shape, *axis, Dim(1))));
  }
  return site.Replace(b, b.Emit(OpKind::kConcatenation, parts,
                                {{"axis", std::int64_t{*axis}},
                                 {"fused_activation_function", std::string("NONE")}}));
}

Status RewriteUnpack(const LegalizeSite& site) {
  const ValueId x = site.op().input(0);
  const Shape shape = site.type(x).shape;
  const auto axis = ir::NormalizeAxis(site.op().attrs.Int("axis"), shape.rank());
  if (!axis || !HasAxes(shape)) return Status::Ok();
  Builder b = site.Before();
  const ValueId operands[] = {b.ScalarI32(*axis), x};
  const std::vector<ValueId> parts =
      b.EmitMany(OpKind::kSplit, operands, {{"num_splits", site.op().attrs.Int("num")}});
  SMELT_RETURN_IF_ERROR(b.status());
  const auto results = site.op().results;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const ValueId part = b.Reshape(parts[i], site.type(results[i]).shape);
    SMELT_RETURN_IF_ERROR(b.status());
    site.ReplaceResult(results[i], part);
  }
  site.graph().Erase(site.id);
  ++site.context.rewrites;
  return Status::Ok();
}

}  // namespace

Status ExposeViews(PassContext& context) {
  for (const ir::GraphId graph : ReachableGraphs(context.module)) {
    for (const OpId id : context.module.graph(graph)) {
      const LegalizeSite site{context, graph, id};
      switch (site.op().kind) {
        case OpKind::kGather:
          SMELT_RETURN_IF_ERROR(RewriteGather(site));
          break;
        case OpKind::kPack:
          SMELT_RETURN_IF_ERROR(RewritePack(site));
          break;
        case OpKind::kUnpack:
          SMELT_RETURN_IF_ERROR(RewriteUnpack(site));
          break;
        default:
          break;
      }
    }
  }
  return Status::Ok();
}

}  // namespace smelt::passes
