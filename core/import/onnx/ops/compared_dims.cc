#include "core/import/onnx/ops/compared_dims.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <utility>

#include "core/import/onnx/infer.h"

namespace smelt::onnx_import {
namespace {

using ir::Dim;
using ir::SymbolTable;

bool AreKnown(Dim a, Dim b) { return !a.is_unknown() && !b.is_unknown(); }

// Provably a >= b.
bool Covers(SymbolTable& symbols, Dim a, Dim b) { return symbols.Max(a, b) == a; }

// 4 * N is never 1.
bool NeverZero(SymbolTable& symbols, Dim difference) {
  std::int64_t rest = 0, divisor = 0;
  for (const ir::DimTerm& term : symbols.TermsOf(difference)) {
    if (term.factors.empty()) {
      rest = term.coefficient;
    } else {
      divisor = std::gcd(divisor, term.coefficient);
    }
  }
  return divisor > 1 && rest % divisor != 0;
}

}  // namespace

std::optional<bool> IsEqual(SymbolTable& symbols, Dim a, Dim b) {
  if (!AreKnown(a, b)) return std::nullopt;
  if (a == b) return true;
  const auto left = IntFromDim(symbols, a);
  const auto right = IntFromDim(symbols, b);
  if (left && right) return *left == *right;
  if (IsLess(symbols, a, b) == true || IsLess(symbols, b, a) == true) return false;
  if (NeverZero(symbols, symbols.Sub(a, b))) return false;
  return std::nullopt;
}

std::optional<bool> IsLess(SymbolTable& symbols, Dim a, Dim b) {
  if (!AreKnown(a, b)) return std::nullopt;
  if (Covers(symbols, b, symbols.Add(a, Dim(1)))) return true;
  if (Covers(symbols, a, b)) return false;
  return std::nullopt;
}

std::optional<bool> IsAtMost(SymbolTable& symbols, Dim a, Dim b) {
  const auto greater = IsLess(symbols, b, a);
  return greater ? std::optional(!*greater) : std::nullopt;
}

std::optional<bool> IsGreater(SymbolTable& symbols, Dim a, Dim b) { return IsLess(symbols, b, a); }

std::optional<bool> IsAtLeast(SymbolTable& symbols, Dim a, Dim b) {
  return IsAtMost(symbols, b, a);
}

std::optional<bool> IsBoth(SymbolTable&, Dim a, Dim b) {
  if (a == Dim(0) || b == Dim(0)) return false;
  return AreKnown(a, b) ? std::optional(true) : std::nullopt;
}

std::optional<bool> IsEither(SymbolTable&, Dim a, Dim b) {
  if (a == Dim(1) || b == Dim(1)) return true;
  return AreKnown(a, b) ? std::optional(false) : std::nullopt;
}

void SetTested(OnnxNode& node, DimTest test) {
  if (!node.output_type(0) || node.output_type(0)->shape.rank() > 1) return;
  const auto count = node.output_type(0)->shape.ElementCount();
  const int last = node.input_count() - 1;
  constexpr std::int64_t kMost = 64;  // longer ones are data
  if (!count || *count < 1 || *count > kMost) return;
  const auto row = [&](int input) {
    auto elements = node.input_elements(input);
    const bool fits =
        elements && (elements->size() == 1 || elements->size() == static_cast<std::size_t>(*count));
    return fits ? std::move(elements) : std::nullopt;
  };
  const auto a = row(0), b = row(last);
  if (!a && !b) return;
  const auto at = [](const std::optional<DimValues>& values, std::size_t i) {
    return values ? (*values)[values->size() == 1 ? 0 : i] : Dim::Unknown();
  };
  DimValues tested;
  for (std::size_t i = 0; i < static_cast<std::size_t>(*count); ++i) {
    const auto holds = test(node.symbols(), at(a, i), at(b, i));
    tested.push_back(holds ? Dim(*holds ? 1 : 0) : Dim::Unknown());
  }
  if (!std::ranges::all_of(tested, &Dim::is_unknown)) node.SetOutputDims(0, std::move(tested));
}

}  // namespace smelt::onnx_import
