// Bits of integers: BitShift, the Bitwise operators, and BitCast.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/data_type.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Constant;
using ir::DType;
using ir::OpKind;
using ir::ValueId;

ValueId Recast(Builder& out, ValueId x, DType to) {
  if (!out.status().ok() || out.type(x).dtype == to) return x;
  return out.Emit(OpKind::kBitcast, {x}, {{"out_data_type", std::string(ir::DTypeName(to))}});
}

// 2^n in the element type, for counts below its width.
ValueId PowerOfTwo(Builder& out, ValueId counts, DType dtype) {
  const int bits = ir::ElementBits(dtype);
  std::vector<std::uint64_t> powers;
  for (int i = 0; i < bits; ++i) powers.push_back(std::uint64_t{1} << i);
  const Constant table =
      Constant::FromValues<std::uint64_t>(DType::kU64, {bits}, powers).Cast(dtype).Evaluated();
  const ValueId places =
      bits == 64 ? Recast(out, counts, DType::kI64) : out.Cast(counts, DType::kI32);
  return out.Emit(OpKind::kGather, {out.Const(table), places},
                  {{"axis", std::int64_t{0}}, {"batch_dims", std::int64_t{0}}});
}

// 64 bits have no shift. A floored quotient by a power of two is one, for powers up to 2^62: the
// number is halved first, which also makes the bits of an unsigned one a positive number.
ValueId ShiftRight64(Builder& out, ValueId x, ValueId counts, bool fills_zeros) {
  const ValueId bits = Recast(out, x, DType::kI64);
  const ValueId steps = Recast(out, counts, DType::kI64);
  const ValueId one = out.Scalar(DType::kI64, 1);
  ValueId half = out.Emit(OpKind::kFloorDiv, {bits, out.Scalar(DType::kI64, 2)});
  if (fills_zeros) {
    const std::int64_t positive = INT64_MAX;
    const auto mask = Constant::FromValues(DType::kI64, {}, std::span(&positive, 1));
    half = out.Emit(OpKind::kStablehloAnd, {half, out.Const(mask)});
  }
  const ValueId rest = out.Maximum(out.Sub(steps, one), out.Scalar(DType::kI64, 0));
  const ValueId shifted = out.Emit(OpKind::kFloorDiv, {half, PowerOfTwo(out, rest, DType::kI64)});
  const ValueId none = out.Emit(OpKind::kLess, {steps, one});
  return out.Emit(OpKind::kSelectV2, {none, bits, shifted});
}

DType UnsignedOf(DType dtype) {
  switch (ir::ElementBits(dtype)) {
    case 8:
      return DType::kU8;
    case 16:
      return DType::kU16;
    case 32:
      return DType::kU32;
    default:
      return DType::kU64;
  }
}

bool CountsWithin(const OnnxNode& node, int bits) {
  const auto counts = node.input_ints(1);
  return counts && std::all_of(counts->begin(), counts->end(),
                               [&](std::int64_t count) { return count >= 0 && count < bits; });
}

// Counts that are negative or too large shift all bits out; of a signed number shifted right the
// sign remains, as it does by the largest count.
Status TranslateShift(OnnxNode& node, Builder& out) {
  const DType dtype = node.input_dtype(0);
  const int bits = ir::ElementBits(dtype);
  const bool left = node.String("direction", "LEFT") == "LEFT";
  const bool is_unsigned = ir::IsUnsignedInteger(dtype);
  const ValueId x = node.input(0);
  ValueId counts = node.input(1);
  ValueId beyond;
  if (!CountsWithin(node, bits)) {
    const DType plain = UnsignedOf(dtype);
    if (!is_unsigned) counts = Recast(out, counts, plain);
    const ValueId last = out.Scalar(plain, bits - 1);
    if (left || is_unsigned) beyond = out.Emit(OpKind::kGreater, {counts, last});
    counts = out.Minimum(counts, last);
    if (!is_unsigned) counts = Recast(out, counts, dtype);
  }
  ValueId y;
  if (left) {
    y = out.Mul(x, PowerOfTwo(out, counts, dtype));
  } else if (bits == 64) {
    y = ShiftRight64(out, x, counts, is_unsigned);
    if (is_unsigned) y = Recast(out, y, dtype);
  } else {
    y = out.Emit(OpKind::kRightShift, {x, counts});
  }
  if (beyond.valid()) {
    y = out.Emit(OpKind::kSelectV2, {beyond, out.Scalar(dtype, 0), y});
  }
  node.SetOutput(0, y);
  return out.status();
}

// a | b is the sum less what both have; a ^ b less that twice. Modulo 2^n, so exact.
template <int kBoth>
Status TranslateBits(OnnxNode& node, Builder& out) {
  const ValueId a = node.input(0);
  const ValueId b = node.input(1);
  if (kBoth == 2 && ir::ElementBits(node.input_dtype(0)) < 64) {
    node.SetOutput(0, out.Emit(OpKind::kBitwiseXor, {a, b}));
    return out.status();
  }
  ValueId y = out.Emit(OpKind::kStablehloAnd, {a, b});
  if (kBoth != 0) y = out.Sub(out.Add(a, b), kBoth == 2 ? out.Add(y, y) : y);
  node.SetOutput(0, y);
  return out.status();
}

Status TranslateNot(OnnxNode& node, Builder& out) {
  const ValueId ones = out.Cast(out.Scalar(DType::kI32, -1), node.input_dtype(0));
  node.SetOutput(0, out.Sub(ones, node.input(0)));
  return out.status();
}

// --- BitCast ---

std::optional<DType> Target(const OnnxNode& node) {
  return DTypeFromOnnx(static_cast<int>(node.Int("to", 0)));
}

Status InferBitCast(OnnxNode& node) {
  const auto to = Target(node);
  if (to && node.knows_input(0)) node.SetOutputType(0, {*to, node.input_shape(0)});
  return Status::Ok();
}

Status TranslateBitCast(OnnxNode& node, Builder& out) {
  const DType to = *Target(node);
  const ValueId x = node.input(0);
  node.SetOutput(0, to == node.input_dtype(0) ? x : Recast(out, x, to));
  return out.status();
}

Verdict SameWidth(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  const auto to = Target(node);
  if (to && Contains(kPlainTypes, *to) &&
      ir::ElementBits(*to) == ir::ElementBits(node.input_dtype(0))) {
    return Verdict::kHolds;
  }
  return Violated(node, 0, "to = " + std::to_string(node.Int("to", 0)), finding);
}

constexpr OnnxConstraint kBroadcasts = {
    Reason::kShapeMismatch, Broadcastable, {}, "the inputs broadcast together"};
constexpr OnnxConstraint kSame = {
    Reason::kTypeMismatch, SameTypes, {}, "all inputs have one element type"};

constexpr OnnxConstraint kShift[] = {
    {Reason::kUnsupportedType, AllTypesIn<kIntegerTypes>, {}, "the inputs are integers"},
    kSame,
    {Reason::kUnsupportedAttributeValue,
     StringAttrIn<"direction", "LEFT", "RIGHT">,
     {},
     "direction LEFT or RIGHT"},
    kBroadcasts,
};
constexpr OnnxConstraint kBits[] = {
    {Reason::kUnsupportedType, AllTypesIn<kIntegerTypes>, {}, "the inputs are integers"},
    kSame,
    kBroadcasts,
};
constexpr OnnxConstraint kBitCast[] = {
    {Reason::kUnsupportedType, TypeIn<0, kPlainTypes>, {}, "the input is numbers or booleans"},
    {Reason::kUnsupportedAttributeValue, SameWidth, {}, "to is a type of the input's width"},
};

constexpr OnnxRule kRules[] = {
    {"", "BitShift", 11, 28, kShift, Broadcast, TranslateShift},
    {"", "BitwiseAnd", 18, 18, kBits, Broadcast, TranslateBits<0>},
    {"", "BitwiseOr", 18, 18, kBits, Broadcast, TranslateBits<1>},
    {"", "BitwiseXor", 18, 18, kBits, Broadcast, TranslateBits<2>},
    {"", "BitwiseNot", 18, 18, kBits, SameAsFirst, TranslateNot},
    {"", "BitCast", 26, 26, kBitCast, InferBitCast, TranslateBitCast},
};

}  // namespace

std::span<const OnnxRule> BitwiseRules() { return kRules; }

}  // namespace smelt::onnx_import
