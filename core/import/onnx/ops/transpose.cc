// Transpose.
#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;

// The permutation; without the attribute dimensions are reversed. Requires a known input. The
// standard does not speak of negative axes; PyTorch's exporter writes them, counted from the end.
std::vector<std::int64_t> Permutation(const OnnxNode& node) {
  const int rank = node.input_rank(0);
  if (auto perm = node.Ints("perm")) {
    for (std::int64_t& axis : *perm) axis = ir::NormalizeAxis(axis, rank).value_or(-1);
    return *std::move(perm);
  }
  std::vector<std::int64_t> reversed(static_cast<std::size_t>(rank));
  std::iota(reversed.rbegin(), reversed.rend(), std::int64_t{0});
  return reversed;
}

bool IsPermutation(std::vector<std::int64_t> perm, int rank) {
  std::sort(perm.begin(), perm.end());
  for (std::size_t i = 0; i < perm.size(); ++i) {
    if (perm[i] != static_cast<std::int64_t>(i)) return false;
  }
  return static_cast<int>(perm.size()) == rank;
}

Verdict PermIsPermutation(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  if (IsPermutation(Permutation(node), node.input_rank(0))) return Verdict::kHolds;
  std::string text = "perm [";
  const auto found = *node.Ints("perm");
  for (std::int64_t axis : found) text += (text.back() == '[' ? "" : ",") + std::to_string(axis);
  return Violated(node, 0, text + "]", finding);
}

// Of a table of integers that shape arithmetic knows.
void TransposeElements(OnnxNode& node, bool swaps) {
  auto dims = node.input_elements(0);
  const auto count = node.input_shape(0).ElementCount();
  if (!dims || count != static_cast<std::int64_t>(dims->size())) return;
  const auto rows = static_cast<std::size_t>(node.input_shape(0).dim(0).value());
  const auto columns = static_cast<std::size_t>(node.input_shape(0).dim(1).value());
  DimValues moved = *dims;
  for (std::size_t i = 0; swaps && i < dims->size(); ++i) {
    moved[(i % columns) * rows + i / columns] = (*dims)[i];
  }
  node.SetOutputDims(0, std::move(moved));
}

Status InferTranspose(OnnxNode& node) {
  if (!node.knows_input(0)) return Status::Ok();
  const auto perm = Permutation(node);
  if (!IsPermutation(perm, node.input_rank(0))) return Status::Ok();
  ir::Shape shape;
  for (std::int64_t axis : perm) shape.push_back(node.input_shape(0).dim(static_cast<int>(axis)));
  node.SetOutputType(0, {node.input_dtype(0), shape});
  if (perm.size() == 2) TransposeElements(node, perm[0] == 1);
  return Status::Ok();
}

Status TranslateTranspose(OnnxNode& node, Builder& out) {
  std::vector<int> perm;
  for (std::int64_t axis : Permutation(node)) perm.push_back(static_cast<int>(axis));
  node.SetOutput(0, perm.empty() ? node.input(0) : out.Transpose(node.input(0), perm));
  return out.status();
}

constexpr OnnxConstraint kTranspose[] = {
    {Reason::kUnsupportedAttributeValue,
     PermIsPermutation,
     {},
     "perm names each axis of the input once"},
};

constexpr OnnxRule kRules[] = {
    {"", "Transpose", 1, 25, kTranspose, InferTranspose, TranslateTranspose},
};

}  // namespace

std::span<const OnnxRule> TransposeRules() { return kRules; }

}  // namespace smelt::onnx_import
