// MelWeightMatrix: a constant where all inputs are, else the filter bank as arithmetic on the
// edges.
#include <cmath>
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
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

enum Input { kBins, kLength, kRate, kLow, kHigh };

constexpr double kMaxElements = 1 << 26;

// How the mel scale is defined from and to hertz.
double MelOf(double hertz) { return 2595 * std::log10(1 + hertz / 700); }
double HertzOf(double mel) { return 700 * (std::pow(10, mel / 2595) - 1); }

struct Bank {
  std::int64_t bins = 0;                // columns
  std::int64_t spectrum = 0;            // rows
  std::vector<std::int64_t> frequency;  // bins + 2 edges, as rows
};

// Nothing while an input is not constant or out of range.
std::optional<Bank> BankOf(const OnnxNode& node) {
  double values[5] = {};
  for (int i = 0; i < 5; ++i) {
    const auto one = node.input_doubles(i);
    if (!one || one->size() != 1) return std::nullopt;
    values[i] = (*one)[0];
  }
  const auto [bins, length, rate, low, high] = values;
  if (!(bins >= 1) || !(length >= 1) || !(rate >= 1) || !(low >= 0) || !(high >= low)) {
    return std::nullopt;
  }
  Bank bank;
  const double rows = std::floor(length / 2) + 1;
  if (!(bins * rows <= kMaxElements)) return std::nullopt;
  bank.bins = static_cast<std::int64_t>(bins);
  bank.spectrum = static_cast<std::int64_t>(rows);
  const double first = MelOf(low);
  const double step = (MelOf(high) - first) / static_cast<double>(bank.bins + 2);
  for (std::int64_t i = 0; i < bank.bins + 2; ++i) {
    const double hertz = HertzOf(static_cast<double>(i) * step + first);
    const double row = std::floor((length + 1) * hertz / rate);
    if (!(row >= 0 && row < rows)) return std::nullopt;
    bank.frequency.push_back(static_cast<std::int64_t>(row));
  }
  return bank;
}

std::optional<DType> ResultType(const OnnxNode& node) {
  return DTypeFromOnnx(static_cast<std::int32_t>(node.Int("output_datatype", 1)));
}

Status InferMelWeight(OnnxNode& node) {
  const auto type = ResultType(node);
  if (!type) return Status::Ok();
  Shape shape = FreshShape(node, 2);  // spectrum, bins
  if (const auto bank = BankOf(node)) shape = {bank->spectrum, bank->bins};
  node.SetOutputType(0, {*type, std::move(shape)});
  return Status::Ok();
}

// The bank of inputs that only the run tells.
class ComputedBank {
 public:
  ComputedBank(OnnxNode& node, Builder& out) : node_(node), out_(out) {}

  ValueId Run() {
    const ir::TensorType& type = *node_.output_type(0);
    const ValueId edges = Edges(type.shape.dim(1));
    // Elements begin .. end - 1 of the edges, counted from both ends.
    const auto part = [&](std::int32_t begin, std::int32_t end) {
      const std::int64_t end_mask = end == 0 ? 1 : 0;
      const ValueId operands[] = {edges, out_.ConstI32({begin}), out_.ConstI32({end}),
                                  out_.ConstI32({1})};
      return out_.EmitTyped(OpKind::kStridedSlice, operands, {{"end_mask", end_mask}},
                            {DType::kF32, {type.shape.dim(1)}});
    };
    const ValueId low = part(0, -2), center = part(1, -1), high = part(2, 0);
    const ValueId half = Integer(
        out_.Emit(OpKind::kFloorDiv, {out_.Cast(Scalar(kLength), DType::kI32), out_.ScalarI32(2)}));
    const ValueId row = out_.Reshape(Counted(out_.Add(half, out_.ScalarI32(1)), type.shape.dim(0)),
                                     {type.shape.dim(0), 1});
    const auto share = [&](ValueId distance, ValueId width) {
      return out_.Div(distance, out_.Maximum(width, Number(1)));
    };
    const ValueId rise = share(out_.Sub(row, low), out_.Sub(center, low));
    const ValueId fall = share(out_.Sub(high, row), out_.Sub(high, center));
    const ValueId sides = out_.Maximum(out_.Minimum(rise, fall), Number(0));
    const ValueId peak = out_.Emit(OpKind::kEqual, {row, center});
    return out_.Cast(out_.Emit(OpKind::kSelectV2, {peak, Number(1), sides}), type.dtype);
  }

 private:
  ValueId Number(double value) { return out_.Scalar(DType::kF32, value); }
  ValueId Scalar(int input) { return out_.Reshape(node_.input(input), Shape{}); }
  ValueId Integer(ValueId x) { return out_.Cast(x, DType::kI32); }
  ValueId Float(int input) { return out_.Cast(Scalar(input), DType::kF32); }

  // 0 .. count - 1, f32.
  ValueId Counted(ValueId count, Dim size) {
    const ValueId operands[] = {out_.ScalarI32(0), count, out_.ScalarI32(1)};
    return out_.Cast(out_.EmitTyped(OpKind::kRange, operands, {}, {DType::kI32, {size}}),
                     DType::kF32);
  }

  ValueId Mel(ValueId hertz) {
    const ValueId ratio = out_.Add(out_.Mul(hertz, Number(1.0 / 700)), Number(1));
    return out_.Mul(out_.Unary(OpKind::kLog, ratio), Number(2595 / std::log(10.0)));
  }

  // The rows at which the triangles begin, peak and end: bins + 2 of them.
  ValueId Edges(Dim bins) {
    const ValueId count = out_.Add(Integer(Scalar(kBins)), out_.ScalarI32(2));
    const ValueId first = Mel(Float(kLow));
    const ValueId step =
        out_.Div(out_.Sub(Mel(Float(kHigh)), first), out_.Cast(count, DType::kF32));
    const Dim size = node_.symbols().Add(bins, Dim(2));
    const ValueId mel = out_.Add(out_.Mul(Counted(count, size), step), first);
    const ValueId power = out_.Unary(OpKind::kExp, out_.Mul(mel, Number(std::log(10.0) / 2595)));
    const ValueId hertz = out_.Mul(out_.Sub(power, Number(1)), Number(700));
    const ValueId scaled = out_.Mul(hertz, out_.Add(Float(kLength), Number(1)));
    return out_.Unary(OpKind::kFloor, out_.Div(scaled, Float(kRate)));
  }

  OnnxNode& node_;
  Builder& out_;
};

bool IsConstant(const OnnxNode& node) {
  for (int i = kBins; i <= kHigh; ++i) {
    if (!node.input_doubles(i)) return false;
  }
  return true;
}

// Triangles that rise from one edge to the next and fall to the one behind it.
Status TranslateMelWeight(OnnxNode& node, Builder& out) {
  if (!IsConstant(node)) {
    node.SetOutput(0, ComputedBank(node, out).Run());
    return out.status();
  }
  const Bank bank = *BankOf(node);
  std::vector<double> weights(static_cast<std::size_t>(bank.spectrum * bank.bins), 0.0);
  for (std::int64_t bin = 0; bin < bank.bins; ++bin) {
    const auto at = static_cast<std::size_t>(bin);
    const std::int64_t low = bank.frequency[at], center = bank.frequency[at + 1],
                       high = bank.frequency[at + 2];
    const auto set = [&](std::int64_t row, double value) {
      weights[static_cast<std::size_t>(row * bank.bins + bin)] = value;
    };
    if (low == center) set(center, 1);
    for (std::int64_t row = low; low < center && row <= center; ++row) {
      set(row, static_cast<double>(row - low) / static_cast<double>(center - low));
    }
    for (std::int64_t row = center; row < high; ++row) {
      set(row, static_cast<double>(high - row) / static_cast<double>(high - center));
    }
  }
  node.SetOutput(0, out.Const(ir::Constant::FromValues<double>(DType::kF64,
                                                               {bank.spectrum, bank.bins}, weights)
                                  .Cast(*ResultType(node))
                                  .Evaluated()));
  return out.status();
}

Verdict Scalars(const OnnxNode& node, Bounds, Finding& finding) {
  for (int i = kBins; i <= kHigh; ++i) {
    if (!node.knows_input(i)) return Verdict::kNotChecked;
    if (node.input_shape(i).ElementCount() != 1) {
      return Violated(node, i, node.input_text(i), finding);
    }
  }
  return Verdict::kHolds;
}

Verdict BankFits(const OnnxNode& node, Bounds, Finding& finding) {
  if (!IsConstant(node) || BankOf(node)) return Verdict::kHolds;
  return Violated("a filter bank that does not fit into the spectrum", finding);
}

Verdict TypeIsNumber(const OnnxNode& node, Bounds, Finding& finding) {
  const auto type = ResultType(node);
  if (type && Contains(kNumericTypes, *type)) return Verdict::kHolds;
  return Violated("output_datatype = " + std::to_string(node.Int("output_datatype", 1)), finding);
}

constexpr OnnxConstraint kMelWeight[] = {
    {Reason::kShapeMismatch, Scalars, {}, "inputs of one element each"},
    {Reason::kValueOutOfRange,
     BankFits,
     {},
     "where they are constant: positive sizes and edges in ascending order within the spectrum"},
    {Reason::kUnsupportedAttributeValue, TypeIsNumber, {}, "output_datatype names a number"},
};

constexpr OnnxRule kRules[] = {
    {"", "MelWeightMatrix", 17, 17, kMelWeight, InferMelWeight, TranslateMelWeight},
};

}  // namespace

std::span<const OnnxRule> MelWeightRules() { return kRules; }

}  // namespace smelt::onnx_import
