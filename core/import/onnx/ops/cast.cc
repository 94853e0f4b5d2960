// Cast and CastLike.
#include <optional>
#include <string>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/data_type.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::DType;
using ir::ValueId;

std::optional<DType> TargetType(const OnnxNode& node) {
  if (node.op_type() == "CastLike") {
    if (!node.knows_input(1)) return std::nullopt;
    return node.input_dtype(1);
  }
  // A name in opset 1, a number since.
  if (node.schema_version() < 6) return DTypeFromOnnxName(node.String("to", ""));
  return DTypeFromOnnx(static_cast<std::int32_t>(node.Int("to", 0)));
}

Status InferCast(OnnxNode& node) {
  const auto type = TargetType(node);
  if (!node.knows_input(0) || !type) return Status::Ok();
  node.SetOutputType(0, {*type, node.input_shape(0)});
  // Shape arithmetic keeps its value through 32-bit and 64-bit integers.
  if (*type == DType::kI64 || *type == DType::kI32) {
    if (auto dims = node.input_elements(0)) node.SetOutputDims(0, *std::move(dims));
  }
  return Status::Ok();
}

// Float to integer truncates, anything to bool is "not zero". A float beyond the integer's range is
// undefined in ONNX; the kernels saturate.
Status TranslateCast(OnnxNode& node, Builder& out) {
  const ValueId x = node.input(0);
  node.SetOutput(0, out.Cast(x, *TargetType(node)));
  return out.status();
}

Verdict TargetIsPlain(const OnnxNode& node, Bounds, Finding& finding) {
  const auto type = TargetType(node);
  if (!type && node.op_type() == "CastLike") return Verdict::kNotChecked;
  if (type && Contains(kPlainTypes, *type)) return Verdict::kHolds;
  if (type) return Violated("to " + std::string(ir::DTypeName(*type)), finding);
  return Violated("to = " + (node.schema_version() < 6 ? node.String("to", "")
                                                       : std::to_string(node.Int("to", 0))),
                  finding);
}

constexpr OnnxConstraint kCast[] = {
    {Reason::kUnsupportedType, TypeIn<0, kPlainTypes>, {}, "the input is a number or a boolean"},
    {Reason::kUnsupportedType, TargetIsPlain, {}, "the target type is a number or a boolean"},
};

constexpr OnnxRule kRules[] = {
    {"", "Cast", 1, 28, kCast, InferCast, TranslateCast},
    {"", "CastLike", 15, 25, kCast, InferCast, TranslateCast},
};

}  // namespace

std::span<const OnnxRule> CastRules() { return kRules; }

}  // namespace smelt::onnx_import
