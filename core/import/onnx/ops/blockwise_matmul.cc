// MatMulNBits: a product with weights of few bits, a scale for each block of a row. The weights are
// what the numbers stand for, computed here; the product is one of floats.
#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/matrix_product.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Constant;
using ir::Dim;
using ir::DType;
using ir::Shape;
using ir::ValueId;

enum Input { kX, kWeights, kScales, kZeros, kGroups, kBias };

// What the attributes say of the weights. Requires BlocksFit.
struct Blocks {
  std::int64_t columns, inner;  // N, K
  std::int64_t bits, size;      // of a number, of a block
  std::int64_t in_row() const { return (inner + size - 1) / size; }
  std::int64_t bytes() const { return size * bits / 8; }
  // Zero points are packed within a row.
  std::int64_t zero_bytes() const { return (in_row() * bits + 7) / 8; }
};
Blocks BlocksOf(const OnnxNode& node) {
  return {node.Int("N", 0), node.Int("K", 0), node.Int("bits", 4), node.Int("block_size", 0)};
}

bool BlocksAreKnown(const Blocks& blocks) {
  constexpr std::int64_t kMost = std::int64_t{1} << 24;
  const bool bits = blocks.bits == 2 || blocks.bits == 4 || blocks.bits == 8;
  const bool size = blocks.size >= 16 && blocks.size <= kMost && !(blocks.size & (blocks.size - 1));
  return bits && size && blocks.columns >= 1 && blocks.columns <= kMost && blocks.inner >= 1 &&
         blocks.inner <= kMost;
}

Status Infer(OnnxNode& node) {
  if (!node.knows_input(kX) || node.input_rank(kX) < 1) return Status::Ok();
  if (!BlocksAreKnown(BlocksOf(node))) return Status::Ok();
  ir::TensorType type = node.input_type(kX);
  type.shape.dim(type.shape.rank() - 1) = node.Int("N", 0);
  node.SetOutputType(0, std::move(type));
  return Status::Ok();
}

// Number `i` of a row of packed ones, the lowest bits first.
int Unpacked(std::span<const std::byte> row, std::int64_t i, std::int64_t bits) {
  const std::int64_t bit = i * bits;
  const int byte = std::to_integer<int>(row[static_cast<std::size_t>(bit / 8)]);
  return byte >> (bit % 8) & ((1 << bits) - 1);
}

// One zero point for each block.
std::vector<float> ZeroPoints(const OnnxNode& node, const Blocks& blocks) {
  const auto count = static_cast<std::size_t>(blocks.columns * blocks.in_row());
  std::vector<float> zeros(count, static_cast<float>(1 << (blocks.bits - 1)));
  if (!node.has_input(kZeros)) return zeros;
  const Constant& stated = *node.input_constant(kZeros);
  if (stated.dtype() != DType::kU8) {
    stated.Cast(DType::kF32)
        .Read(0, stated.element_count(), reinterpret_cast<std::byte*>(zeros.data()));
    return zeros;
  }
  const SharedBytes packed = stated.Materialize();
  for (std::size_t i = 0; i < count; ++i) {
    const auto row = static_cast<std::int64_t>(i) / blocks.in_row();
    const auto bytes = static_cast<std::size_t>(blocks.zero_bytes());
    zeros[i] = static_cast<float>(
        Unpacked(packed.span().subspan(static_cast<std::size_t>(row) * bytes, bytes),
                 static_cast<std::int64_t>(i) % blocks.in_row(), blocks.bits));
  }
  return zeros;
}

// f32[N, K].
Constant Weights(const OnnxNode& node, const Blocks& blocks) {
  const auto block_count = static_cast<std::size_t>(blocks.columns * blocks.in_row());
  std::vector<float> scales(block_count);
  node.input_constant(kScales)
      ->Cast(DType::kF32)
      .Read(0, static_cast<std::int64_t>(block_count), reinterpret_cast<std::byte*>(scales.data()));
  const std::vector<float> zeros = ZeroPoints(node, blocks);
  const SharedBytes packed = node.input_constant(kWeights)->Materialize();
  const auto bytes = static_cast<std::size_t>(blocks.bytes());
  std::vector<std::byte> weights(static_cast<std::size_t>(blocks.columns * blocks.inner) *
                                 sizeof(float));
  std::byte* next = weights.data();
  for (std::size_t block = 0; block < block_count; ++block) {
    const std::int64_t first = static_cast<std::int64_t>(block) % blocks.in_row() * blocks.size;
    const auto row = packed.span().subspan(block * bytes, bytes);
    for (std::int64_t i = 0; i < std::min(blocks.size, blocks.inner - first); ++i) {
      const auto number = static_cast<float>(Unpacked(row, i, blocks.bits));
      StoreUnaligned(next, (number - zeros[block]) * scales[block]);
      next += sizeof(float);
    }
  }
  auto made = Constant::FromBytes(DType::kF32, {blocks.columns, blocks.inner},
                                  SharedBytes::Own(std::move(weights)));
  SMELT_CHECK(made.ok());
  return std::move(made).value();
}

Status Translate(OnnxNode& node, Builder& out) {
  const ValueId x = out.Cast(node.input(kX), DType::kF32);
  const ValueId weights = out.Const(Weights(node, BlocksOf(node)));
  const bool matrix = node.input_rank(kX) > 1;
  ValueId y = EmitFullyConnected(out, matrix ? x : out.Reshape(x, {1, node.input_shape(kX).dim(0)}),
                                 weights, ValueId{});
  if (!matrix) y = out.Reshape(y, node.output_type(0)->shape);
  if (node.has_input(kBias)) y = out.Add(y, out.Cast(node.input(kBias), DType::kF32));
  node.SetOutput(0, out.Cast(y, node.input_dtype(kX)));
  return out.status();
}

// --- Constraints ---

Verdict BlocksFit(const OnnxNode& node, Bounds, Finding& finding) {
  const Blocks blocks = BlocksOf(node);
  if (BlocksAreKnown(blocks)) return Verdict::kHolds;
  return Violated("N = " + std::to_string(blocks.columns) + ", K = " +
                      std::to_string(blocks.inner) + ", bits = " + std::to_string(blocks.bits) +
                      ", block_size = " + std::to_string(blocks.size),
                  finding);
}

Verdict OperandsFit(const OnnxNode& node, Bounds, Finding& finding) {
  const Blocks blocks = BlocksOf(node);
  if (!BlocksAreKnown(blocks)) return Verdict::kNotChecked;
  const std::int64_t count = blocks.columns * blocks.in_row();
  const bool packed_zeros =
      node.has_input(kZeros) && node.knows_input(kZeros) && node.input_dtype(kZeros) == DType::kU8;
  const std::optional<std::int64_t> wanted[] = {
      std::nullopt, count * blocks.bytes(),
      count,        packed_zeros ? blocks.columns * blocks.zero_bytes() : count,
      std::nullopt, blocks.columns};
  for (int i = 0; i < node.input_count(); ++i) {
    if (!node.has_input(i)) continue;
    if (!node.knows_input(i)) return Verdict::kNotChecked;
    const Shape& shape = node.input_shape(i);
    const auto at = static_cast<std::size_t>(i);
    const bool fits = i == kX
                          ? shape.rank() >= 1 && (!shape.dim(shape.rank() - 1).is_static() ||
                                                  shape.dim(shape.rank() - 1) == Dim(blocks.inner))
                          : !wanted[at] || shape.ElementCount() == *wanted[at];
    if (!fits) return Violated(node, i, node.input_text(i), finding);
  }
  // Their numbers take several times their bytes: a small file may not ask for that.
  constexpr std::uint64_t kMostComputed = std::uint64_t{1} << 26;
  const Constant* packed = node.input_constant(kWeights);
  if (packed != nullptr && packed->size_bytes() > kMostComputed &&
      packed->storage().size() < packed->size_bytes()) {
    return Violated(node, kWeights, node.input_text(kWeights) + ", which is computed", finding);
  }
  return Verdict::kHolds;
}

Verdict NoGroups(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.has_input(kGroups)) return Verdict::kHolds;
  return Violated(node, kGroups, "g_idx", finding);
}

constexpr OnnxConstraint kMatMul[] = {
    {Reason::kUnsupportedType,
     TypeIn<kX, Types(DType::kF32, DType::kF16, DType::kBF16)>,
     {},
     "input of type f32, f16 or bf16"},
    {Reason::kRequiresConstantInput, ConstantInput<kWeights>, {}, "constant weights"},
    {Reason::kRequiresConstantInput, ConstantInput<kScales>, {}, "constant scales"},
    {Reason::kRequiresConstantInput, ConstantInput<kZeros>, {}, "constant zero points"},
    {Reason::kUnsupportedAttributeValue,
     BlocksFit,
     {},
     "bits 2, 4 or 8; block_size a power of 2 from 16 on"},
    {Reason::kShapeMismatch,
     OperandsFit,
     {},
     "an input of K features, (N, blocks, bytes) weights, a scale and a zero point for each block, "
     "a bias of N"},
    {Reason::kUnsupportedAttributeValue,
     IntAttrWithin<"weight_prepacked", 0>,
     {0, 0},
     "weight_prepacked {lo}"},
    {Reason::kTooManyInputs, NoGroups, {}, "no g_idx: rows of the weights in their order"},
};

constexpr OnnxRule kRules[] = {
    {kContribDomain, "MatMulNBits", 1, 1, kMatMul, Infer, Translate},
};

}  // namespace

std::span<const OnnxRule> BlockwiseMatMulRules() { return kRules; }

}  // namespace smelt::onnx_import
