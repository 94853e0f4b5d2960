// The checks that constraints of all families share, as functions of one shape:
//   Verdict check(const OnnxNode&, Bounds, Finding&)
// They are templates over operand numbers, type sets and attribute names, so that a constraint
// stays a row: {Reason::kUnsupportedRank, RankWithin<0>, {3, 4}, "input rank {lo} to {hi}"}.
//
// An absent operand satisfies every check on it (arity is checked by the walk for every node). What
// is hidden behind an earlier violation gives kNotChecked; the walk makes sure of that even when a
// check of a family forgets it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {

using rules::Bounds;
using rules::Finding;
using rules::Verdict;

// Sets of element types as bits of ir::DType.
using TypeSet = std::uint32_t;
constexpr TypeSet TypeBit(ir::DType dtype) { return TypeSet{1} << static_cast<unsigned>(dtype); }
template <class... D>
constexpr TypeSet Types(D... dtypes) {
  return (TypeSet{0} | ... | TypeBit(dtypes));
}
inline constexpr TypeSet kFloatTypes =
    Types(ir::DType::kF32, ir::DType::kF16, ir::DType::kF64, ir::DType::kBF16);
inline constexpr TypeSet kSignedTypes =
    Types(ir::DType::kI8, ir::DType::kI16, ir::DType::kI32, ir::DType::kI64);
inline constexpr TypeSet kUnsignedTypes =
    Types(ir::DType::kU8, ir::DType::kU16, ir::DType::kU32, ir::DType::kU64);
inline constexpr TypeSet kIntegerTypes = kSignedTypes | kUnsignedTypes;
inline constexpr TypeSet kNumericTypes = kFloatTypes | kIntegerTypes;
inline constexpr TypeSet kBoolType = Types(ir::DType::kBool);
inline constexpr TypeSet kPlainTypes = kNumericTypes | kBoolType;  // all that we compute with

constexpr bool Contains(TypeSet set, ir::DType dtype) { return (set & TypeBit(dtype)) != 0; }
std::string TypeSetText(TypeSet set);  // "f32, f16"

// A string literal as a template argument.
template <std::size_t N>
struct Literal {
  char text[N];
  constexpr Literal(const char (&from)[N]) {  // NOLINT: implicit by design
    for (std::size_t i = 0; i < N; ++i) text[i] = from[i];
  }
  constexpr std::string_view view() const { return {text, N - 1}; }
};

// Fills `finding` with input i's name and type and returns kViolated.
Verdict Violated(const OnnxNode& node, int i, std::string found, Finding& finding);
// The same for what concerns no single tensor.
Verdict Violated(std::string found, Finding& finding);
// The same for operands that ONNX accepts in no run: sizes that are known, and not empty (which
// runtimes pass over), or ranks. An If whose one branch leads there takes the other.
Verdict Contradicted(const OnnxNode& node, int i, std::string found, Finding& finding);

// --- The shared work behind the templates. ---
Verdict CheckTypeIn(const OnnxNode& node, int i, TypeSet set, Finding& finding);
Verdict CheckRank(const OnnxNode& node, int i, Bounds bounds, Finding& finding);
Verdict CheckSameType(const OnnxNode& node, int i, int j, Finding& finding);
Verdict CheckConstant(const OnnxNode& node, int i, Finding& finding);
Verdict CheckStatic(const OnnxNode& node, int i, int first_axis, Finding& finding);
Verdict CheckIntAttr(const OnnxNode& node, std::string_view name, std::int64_t fallback,
                     Bounds bounds, Finding& finding);

// --- Arity ---
// Only the first {hi} results are used.
Verdict OutputCount(const OnnxNode& node, Bounds bounds, Finding& finding);

// --- Types. kUnsupportedType, kTypeMismatch ---
template <int kInput, TypeSet kSet>
Verdict TypeIn(const OnnxNode& node, Bounds, Finding& finding) {
  return CheckTypeIn(node, kInput, kSet, finding);
}
// Every present input has a type of the set.
template <TypeSet kSet>
Verdict AllTypesIn(const OnnxNode& node, Bounds, Finding& finding) {
  Verdict verdict = Verdict::kHolds;
  for (int i = 0; i < node.input_count(); ++i) {
    const Verdict one = CheckTypeIn(node, i, kSet, finding);
    if (one == Verdict::kViolated) return one;
    if (one == Verdict::kNotChecked) verdict = one;
  }
  return verdict;
}
// All present inputs have one element type.
Verdict SameTypes(const OnnxNode& node, Bounds bounds, Finding& finding);
template <int kA, int kB>
Verdict SameType(const OnnxNode& node, Bounds, Finding& finding) {
  return CheckSameType(node, kA, kB, finding);
}

// --- Ranks and dimensions. kUnsupportedRank, kDynamicDimensionUnsupported ---
template <int kInput>
Verdict RankWithin(const OnnxNode& node, Bounds bounds, Finding& finding) {
  return CheckRank(node, kInput, bounds, finding);
}
// Dimensions from `kFirstAxis` on are static.
template <int kInput, int kFirstAxis = 0>
Verdict StaticShape(const OnnxNode& node, Bounds, Finding& finding) {
  return CheckStatic(node, kInput, kFirstAxis, finding);
}
// All inputs broadcast together. kShapeMismatch
Verdict Broadcastable(const OnnxNode& node, Bounds bounds, Finding& finding);

// --- Constants. kRequiresConstantInput ---
template <int kInput>
Verdict ConstantInput(const OnnxNode& node, Bounds, Finding& finding) {
  return CheckConstant(node, kInput, finding);
}

// --- Attributes. kUnsupportedAttributeValue, kValueOutOfRange ---
// An integer attribute (default kFallback) lies in lo..hi.
template <Literal kName, std::int64_t kFallback>
Verdict IntAttrWithin(const OnnxNode& node, Bounds bounds, Finding& finding) {
  return CheckIntAttr(node, kName.view(), kFallback, bounds, finding);
}
// A string attribute is one of the values; an absent one reads as the first.
template <Literal kName, Literal kFirst, Literal... kOthers>
Verdict StringAttrIn(const OnnxNode& node, Bounds, Finding& finding) {
  const std::string value = node.String(kName.view(), kFirst.view());
  if (value == kFirst.view() || ((value == kOthers.view()) || ...)) return Verdict::kHolds;
  return Violated(std::string(kName.view()) + " = \"" + value + "\"", finding);
}
// The attribute `kName` (default kFallback) is an axis of input kInput: -rank .. rank-1.
Verdict CheckAxisAttr(const OnnxNode& node, std::string_view name, std::int64_t fallback, int input,
                      int extra, Finding& finding);
template <Literal kName, std::int64_t kFallback, int kInput = 0>
Verdict AxisAttr(const OnnxNode& node, Bounds, Finding& finding) {
  return CheckAxisAttr(node, kName.view(), kFallback, kInput, 0, finding);
}

}  // namespace smelt::onnx_import
