// NonMaxSuppression: the runtime's kernel once for each batch and class (in a WHILE when there are
// many), then the valid indices in one list. The run may tell every size. Where it finds no boxes,
// one without a score takes their place, for the kernel wants to be asked for some.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/computed_axes.h"
#include "core/import/onnx/ops/indices.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::TensorType;
using ir::ValueId;

enum Input { kBoxes, kScores, kMost, kOverlap, kScore };

constexpr std::int64_t kUnrolledCalls = 4;

Status InferSuppression(OnnxNode& node) {
  Shape shape = FreshShape(node, 2);
  shape.dim(1) = Dim(3);
  node.SetOutputType(0, {DType::kI64, std::move(shape)});
  return Status::Ok();
}

// A size that both operands have: the static one, if any.
Dim Known(Dim boxes, Dim scores) { return scores.is_static() ? scores : boxes; }
Dim BoxesCount(const OnnxNode& node) {
  return Known(node.input_shape(kBoxes).dim(1), node.input_shape(kScores).dim(2));
}

class Suppression {
 public:
  Suppression(OnnxNode& node, Builder& out) : node_(node), out_(out) {
    const Shape& scores = node.input_shape(kScores);
    batches_ = Known(node.input_shape(kBoxes).dim(0), scores.dim(0));
    classes_ = scores.dim(1);
    calls_ = node.symbols().Mul(batches_, classes_);
    boxes_count_ = BoxesCount(node);
    most_ = node.input_ints(kMost);  // what is selected first does not depend on how many are asked
  }

  ValueId Run() {
    Overlap();
    least_ = Scalar(kScore, -std::numeric_limits<double>::infinity());
    boxes_ = node_.input(kBoxes);
    scores_ = node_.input(kScores);
    calls_count_ = ElementsIn(out_, scores_, 0, 2);
    classes_count_ = SizeOf(out_, scores_, 1, DType::kI32);
    if (batches_.is_static() || boxes_count_.is_static()) {
      boxes_ = out_.Reshape(boxes_, {batches_, boxes_count_, 4});
    }
    scores_ = calls_.is_static() || boxes_count_.is_static()
                  ? out_.Reshape(scores_, {calls_, boxes_count_})
                  : MergeAxes(out_, scores_, 0, 2);
    if (!boxes_count_.is_static()) AtLeastOne();
    Boxes();
    Kept();
    if (!out_.status().ok()) return {};
    if (calls_.is_static() && calls_.value() <= kUnrolledCalls) {
      Unroll();
    } else {
      Loop();
    }
    return List();
  }

 private:
  ValueId Scalar(int input, double fallback) {
    if (!node_.has_input(input)) return out_.Scalar(DType::kF32, fallback);
    return out_.Reshape(node_.input(input), Shape{});
  }

  // The kernel suppresses from its threshold on, the definition above it: the next larger float.
  // From 1 on nothing is suppressed.
  void Overlap() {
    const ValueId given = Scalar(kOverlap, 0);
    const ValueId bits =
        out_.Emit(OpKind::kBitcast, {given}, {{"out_data_type", std::string("i32")}});
    const ValueId next = out_.Emit(OpKind::kBitcast, {out_.Add(bits, out_.ScalarI32(1))},
                                   {{"out_data_type", std::string("f32")}});
    const ValueId least =
        out_.Scalar(DType::kF32, static_cast<double>(std::numeric_limits<float>::min()));
    const ValueId one = out_.Scalar(DType::kF32, 1);
    overlap_ = out_.Minimum(out_.Maximum(next, least), one);
    const auto constant = node_.has_input(kOverlap) ? node_.input_doubles(kOverlap)
                                                    : std::optional(std::vector<double>{0});
    if (!constant || constant->front() >= 1) {
      never_ = out_.Emit(OpKind::kGreaterEqual, {given, one});
    }
  }

  // As two corners, in the order that the model has: the kernel sorts them out.
  void Boxes() {
    if (node_.Int("center_point_box", 0) != 0) {
      const auto columns = [&](std::int32_t first) {
        return out_.Emit(OpKind::kSlice,
                         {boxes_, out_.ConstI32({0, 0, first}), out_.ConstI32({-1, -1, 2})});
      };
      const ValueId center = columns(0);
      const ValueId half = out_.Mul(columns(2), out_.Scalar(DType::kF32, 0.5));
      const ValueId corners[] = {out_.Sub(center, half), out_.Add(center, half)};
      boxes_ = out_.Emit(
          OpKind::kConcatenation, corners,
          {{"axis", std::int64_t{2}}, {"fused_activation_function", std::string("NONE")}});
    }
    Separate();
  }

  // The kernel drops a selected box for overlapping itself, so one without an area is selected
  // again and again. Such boxes, and all where nothing is suppressed, become boxes far from any
  // other.
  void Separate() {
    const auto corner = [&](std::int32_t first) {
      return out_.Emit(OpKind::kSlice,
                       {boxes_, out_.ConstI32({0, 0, first}), out_.ConstI32({-1, -1, 2})});
    };
    const ValueId sides = out_.Unary(OpKind::kAbs, out_.Sub(corner(2), corner(0)));
    const ValueId area =
        out_.Emit(OpKind::kReduceProd, {sides, out_.ConstI32({2})}, {{"keep_dims", true}});
    ValueId apart = out_.Emit(OpKind::kLessEqual, {area, out_.Scalar(DType::kF32, 0)});
    if (never_.valid()) apart = out_.Emit(OpKind::kLogicalOr, {apart, never_});
    constexpr float kFar = 0x1p22F;  // whole numbers around it are exact
    const ValueId numbers = out_.Reshape(out_.Cast(PlacesAlong(out_, boxes_, 1), DType::kF32),
                                         Shape{1, boxes_count_, 1});
    const ValueId elsewhere =
        out_.Add(out_.Mul(numbers, Row({2, 0, 2, 0})), Row({kFar, kFar, kFar + 1, kFar + 1}));
    boxes_ = out_.Emit(OpKind::kSelectV2, {apart, elsewhere, boxes_});
  }

  ValueId Row(const std::vector<float>& values) {
    const std::vector<std::int64_t> shape{static_cast<std::int64_t>(values.size())};
    return out_.Const(ir::Constant::FromValues<float>(DType::kF32, shape, values));
  }

  // A box behind the others where there are none; its score is below every threshold.
  void AtLeastOne() {
    const Dim some = out_.module().symbols().Max(boxes_count_, Dim(1));
    const ValueId none =
        out_.Emit(OpKind::kEqual, {SizeOf(out_, boxes_, 1, DType::kI32), out_.ScalarI32(0)});
    const ValueId added = out_.Cast(none, DType::kI32);
    const auto pad = [&](ValueId x, std::initializer_list<std::int32_t> places, double value,
                         const Shape& shape) {
      const int rank = shape.rank();
      const ValueId pads = out_.Reshape(out_.Mul(added, out_.ConstI32(places)), Shape{rank, 2});
      const ValueId operands[] = {x, pads, out_.Scalar(DType::kF32, value)};
      return out_.EmitTyped(OpKind::kPadv2, operands, {}, {DType::kF32, shape});
    };
    boxes_ = pad(boxes_, {0, 0, 0, 1, 0, 0}, 0, {batches_, some, 4});
    scores_ = pad(scores_, {0, 0, 0, 1}, -std::numeric_limits<double>::infinity(), {calls_, some});
    boxes_count_ = some;
  }

  // How many are asked for, at most as many as there are.
  void Kept() {
    constexpr std::int64_t kMany = std::numeric_limits<std::int32_t>::max();
    const std::int64_t most = most_ ? std::min(most_->front(), kMany) : kMany;
    if (boxes_count_.is_static()) {
      kept_ = std::min(boxes_count_.value(), most);
      most_kept_ = out_.ScalarI32(static_cast<std::int32_t>(kept_.value()));
      return;
    }
    most_kept_ = SizeOf(out_, boxes_, 1, DType::kI32);
    kept_ = boxes_count_;
    if (most == kMany) return;
    most_kept_ = out_.Minimum(most_kept_, out_.ScalarI32(static_cast<std::int32_t>(most)));
    kept_ = out_.module().symbols().Min(boxes_count_, Dim(most));
  }

  static ValueId Taken(Builder& out, ValueId x, ValueId index) {
    return out.Emit(OpKind::kGather, {x, index},
                    {{"axis", std::int64_t{0}}, {"batch_dims", std::int64_t{0}}});
  }

  // One call of the kernel: indices and how many of them count.
  std::vector<ValueId> Select(Builder& out, ValueId boxes, ValueId scores, ValueId most,
                              ValueId overlap, ValueId least) const {
    const ValueId operands[] = {boxes, scores, most, overlap, least};
    return out.EmitMany(OpKind::kNonMaxSuppressionV4, operands);
  }

  void Unroll() {
    std::vector<ValueId> rows, counts;
    for (std::int64_t i = 0; i < calls_.value() && out_.status().ok(); ++i) {
      const ValueId batch = out_.ScalarI32(static_cast<std::int32_t>(i / classes_.value()));
      const ValueId call = out_.ScalarI32(static_cast<std::int32_t>(i));
      const auto made = Select(out_, Taken(out_, boxes_, batch), Taken(out_, scores_, call),
                               most_kept_, overlap_, least_);
      if (!out_.status().ok()) return;
      rows.push_back(made[0]);
      counts.push_back(made[1]);
    }
    const ir::Attributes attrs{{"values_count", calls_.value()}, {"axis", std::int64_t{0}}};
    selected_ = out_.Emit(OpKind::kPack, rows, attrs);
    counts_ = out_.Emit(OpKind::kPack, counts, attrs);
  }

  ValueId Zeros(std::initializer_list<ValueId> sizes, Shape shape) {
    std::vector<ValueId> rows;
    for (const ValueId size : sizes) rows.push_back(out_.Reshape(size, Shape{1}));
    return out_.EmitTyped(OpKind::kFill, std::vector{JoinRows(out_, rows), out_.ScalarI32(0)}, {},
                          {DType::kI32, std::move(shape)});
  }

  // What the body reads of the state: first the call, boxes, scores, both thresholds, indices and
  // counts; then, where the run tells one of them, how many boxes are asked for, calls and classes.
  enum State { kCall, kAllBoxes, kAllScores, kMostOverlap, kLeastScore, kIndices, kCounts, kSizes };

  void Loop() {
    std::vector<ValueId> state{out_.ScalarI32(0),
                               boxes_,
                               scores_,
                               overlap_,
                               least_,
                               Zeros({calls_count_, most_kept_}, {calls_, kept_}),
                               Zeros({calls_count_}, {calls_})};
    if (!kept_.is_static() || !calls_.is_static() || !classes_.is_static()) {
      state.insert(state.end(), {most_kept_, calls_count_, classes_count_});
    }
    if (!out_.status().ok()) return;
    std::vector<TensorType> types;
    for (const ValueId value : state) types.push_back(out_.type(value));
    const std::string name = "NonMaxSuppression." + std::to_string(node_.source().index);
    const ir::GraphId condition = node_.module().AddGraph(name + ".calls");
    const ir::GraphId body = node_.module().AddGraph(name + ".call");
    FillCondition(condition, types);
    FillBody(body, types);
    if (!out_.status().ok()) return;
    const ir::OpId loop = out_.graph().Insert(OpKind::kWhile, state, {}, types, out_.origin());
    out_.graph().op(loop).regions = {condition, body};
    selected_ = out_.graph().op(loop).results[kIndices];
    counts_ = out_.graph().op(loop).results[kCounts];
  }

  static std::vector<ValueId> Inputs(Builder& region, const std::vector<TensorType>& types) {
    std::vector<ValueId> inputs;
    for (const TensorType& type : types) {
      inputs.push_back(region.graph().AddInput(type, "s" + std::to_string(inputs.size())));
    }
    return inputs;
  }

  // A size inside the loop: a constant, or the state's.
  static ValueId Held(Builder& region, const std::vector<ValueId>& in, Dim size,
                      std::size_t which) {
    return size.is_static() ? region.ScalarI32(static_cast<std::int32_t>(size.value()))
                            : in[kSizes + which];
  }

  void FillCondition(ir::GraphId id, const std::vector<TensorType>& types) {
    Builder region(node_.module(), id, out_.origin());
    const std::vector<ValueId> in = Inputs(region, types);
    const ValueId goes_on = region.Emit(OpKind::kLess, {in[kCall], Held(region, in, calls_, 1)});
    if (!region.status().ok()) return out_.Fail(region.status());
    region.graph().SetOutputs({&goes_on, 1});
  }

  void FillBody(ir::GraphId id, const std::vector<TensorType>& types) {
    Builder region(node_.module(), id, out_.origin());
    std::vector<ValueId> in = Inputs(region, types);
    const ValueId batch =
        region.Emit(OpKind::kFloorDiv, {in[kCall], Held(region, in, classes_, 2)});
    const auto made = Select(region, Taken(region, in[kAllBoxes], batch),
                             Taken(region, in[kAllScores], in[kCall]), Held(region, in, kept_, 0),
                             in[kMostOverlap], in[kLeastScore]);
    if (!region.status().ok()) return out_.Fail(region.status());
    in[kIndices] =
        region.Emit(OpKind::kDynamicUpdateSlice, {in[kIndices], region.Reshape(made[0], {1, kept_}),
                                                  region.Mul(in[kCall], region.ConstI32({1, 0}))});
    in[kCounts] =
        region.Emit(OpKind::kDynamicUpdateSlice,
                    {in[kCounts], region.Reshape(made[1], {1}), region.Reshape(in[kCall], {1})});
    in[kCall] = region.Add(in[kCall], region.ScalarI32(1));
    if (!region.status().ok()) return out_.Fail(region.status());
    region.graph().SetOutputs(in);
  }

  // (batch, class, box) of what counts, in the order of the calls.
  ValueId List() {
    ValueId counts = counts_;
    if (!most_) {
      const DType dtype = node_.input_dtype(kMost);
      const ValueId most = out_.Minimum(
          out_.Reshape(node_.input(kMost), Shape{}),
          out_.Scalar(dtype, static_cast<double>(std::numeric_limits<std::int32_t>::max())));
      counts = out_.Minimum(counts, out_.Cast(most, DType::kI32));
    }
    const ValueId valid = out_.Emit(
        OpKind::kLess, {PlacesAlong(out_, selected_, 1), out_.Reshape(counts, {calls_, 1})});
    const ValueId found = out_.Unary(OpKind::kWhere, valid);
    const ValueId box = out_.Emit(
        OpKind::kExpandDims, {out_.Emit(OpKind::kGatherNd, {selected_, found}), out_.ScalarI32(1)});
    const ValueId call =
        out_.Cast(out_.Emit(OpKind::kSlice, {found, out_.ConstI32({0, 0}), out_.ConstI32({-1, 1})}),
                  DType::kI32);
    const ValueId columns[] = {out_.Emit(OpKind::kFloorDiv, {call, classes_count_}),
                               out_.Emit(OpKind::kFloorMod, {call, classes_count_}), box};
    const ValueId list =
        out_.Emit(OpKind::kConcatenation, columns,
                  {{"axis", std::int64_t{1}}, {"fused_activation_function", std::string("NONE")}});
    return out_.Cast(list, DType::kI64);
  }

  OnnxNode& node_;
  Builder& out_;
  Dim batches_, classes_, calls_, boxes_count_, kept_;
  ValueId calls_count_, classes_count_;
  std::optional<std::vector<std::int64_t>> most_;  // as the model asks, where constant
  ValueId boxes_, scores_, most_kept_, overlap_, least_, never_;
  ValueId selected_, counts_;  // (calls, kept), (calls)
};

Status TranslateSuppression(OnnxNode& node, Builder& out) {
  node.SetOutput(0, Suppression(node, out).Run());
  return out.status();
}

Verdict BoxesFit(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(kBoxes) || !node.knows_input(kScores)) return Verdict::kNotChecked;
  const auto agree = [](Dim a, Dim b) { return !a.is_static() || !b.is_static() || a == b; };
  const Shape& boxes = node.input_shape(kBoxes);
  const Shape& scores = node.input_shape(kScores);
  constexpr std::int64_t kMany = std::numeric_limits<std::int32_t>::max();
  const bool fits = boxes.rank() == 3 && scores.rank() == 3 && agree(boxes.dim(2), Dim(4)) &&
                    agree(boxes.dim(0), scores.dim(0)) && agree(boxes.dim(1), scores.dim(2)) &&
                    scores.ElementCount().value_or(1) > 0 && boxes.ElementCount().value_or(1) > 0 &&
                    scores.ElementCount().value_or(1) < kMany &&
                    (!BoxesCount(node).is_static() || BoxesCount(node).value() < (1 << 22));
  return fits ? Verdict::kHolds
              : Violated(node, kScores,
                         node.input_text(kBoxes) + " with scores " + node.input_text(kScores),
                         finding);
}

Verdict MostIsPositive(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.has_input(kMost)) return Violated("no max_output_boxes_per_class", finding);
  const auto most = node.input_ints(kMost);
  if (!most || (most->size() == 1 && most->front() > 0)) return Verdict::kHolds;
  return Violated(node, kMost, most->empty() ? "nothing" : std::to_string(most->front()), finding);
}

Verdict OneValueEach(const OnnxNode& node, Bounds, Finding& finding) {
  for (const int input : {kMost, kOverlap, kScore}) {
    if (!node.has_input(input)) continue;
    if (!node.knows_input(input)) return Verdict::kNotChecked;
    if (node.input_shape(input).ElementCount() != 1) {
      return Violated(node, input, node.input_text(input), finding);
    }
  }
  return Verdict::kHolds;
}

constexpr OnnxConstraint kSuppression[] = {
    {Reason::kUnsupportedType, TypeIn<kBoxes, Types(DType::kF32)>, {}, "boxes of type f32"},
    {Reason::kShapeMismatch,
     BoxesFit,
     {},
     "boxes (batch, boxes, 4) and scores (batch, classes, boxes), none empty"},
    {Reason::kValueOutOfRange,
     MostIsPositive,
     {},
     "max_output_boxes_per_class is positive, or computed"},
    {Reason::kShapeMismatch, OneValueEach, {}, "the limits hold one value each"},
    {Reason::kUnsupportedAttributeValue,
     IntAttrWithin<"center_point_box", 0>,
     {0, 1},
     "center_point_box {lo} or {hi}"},
};

constexpr OnnxRule kRules[] = {
    {"", "NonMaxSuppression", 10, 11, kSuppression, InferSuppression, TranslateSuppression},
};

}  // namespace

std::span<const OnnxRule> NonMaxSuppressionRules() { return kRules; }

}  // namespace smelt::onnx_import
