#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/import/onnx/ops/resize_axis.h"
#include "tests/support/onnx_model.h"

namespace smelt::testing {
namespace {

using ir::DType;
using ir::OpKind;
using ::testing::Contains;
using ::testing::ElementsAre;

OneNode Scale(const interp::Tensor& x, const std::vector<double>& scales, std::vector<Attr> attrs) {
  OneNode node{
      "Resize", {x, {}, F32({x.rank()}, scales)}, std::move(attrs), {false, true, true, true}};
  node.opset = 19;
  return node;
}
OneNode Size(const interp::Tensor& x, const Ints& sizes, std::vector<Attr> attrs) {
  const auto count = static_cast<std::int64_t>(sizes.size());
  OneNode node{
      "Resize", {x, {}, {}, I64({count}, sizes)}, std::move(attrs), {false, true, true, true}};
  node.opset = 19;
  return node;
}

std::vector<OpKind> Kinds(const OneNode& node) {
  auto imported = MakeModel(node).Import();
  EXPECT_TRUE(imported.ok());
  std::vector<OpKind> kinds;
  if (!imported.ok()) return kinds;
  for (const ir::OpId id : imported->module.main())
    kinds.push_back(imported->module.main().op(id).kind);
  return kinds;
}

const interp::Tensor Square() { return F32({1, 1, 2, 2}, {1, 2, 3, 4}); }

TEST(Resize, NearestUp) {
  const OneNode node = Scale(Square(), {1, 1, 2, 2}, {{"mode", "nearest"}});
  ExpectTensor(RunNode(node).at(0),
               F32({1, 1, 4, 4}, {1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4}));
  EXPECT_THAT(Kinds(node), Contains(OpKind::kResizeNearestNeighbor));
}

TEST(Resize, NearestDownRoundsDownAtHalves) {
  const auto x = F32({1, 1, 1, 4}, {1, 2, 3, 4});
  ExpectTensor(RunNode(Scale(x, {1, 1, 1, 0.5}, {{"mode", "nearest"}})).at(0),
               F32({1, 1, 1, 2}, {1, 3}));
  const OneNode up =
      Scale(x, {1, 1, 1, 0.5}, {{"mode", "nearest"}, {"nearest_mode", "round_prefer_ceil"}});
  ExpectTensor(RunNode(up).at(0), F32({1, 1, 1, 2}, {2, 4}));
}

TEST(Resize, LinearNativeForms) {
  for (const char* mode : {"half_pixel", "asymmetric", "align_corners"}) {
    const OneNode node = Size(Square(), {1, 1, 3, 4},
                              {{"mode", "linear"}, {"coordinate_transformation_mode", mode}});
    EXPECT_THAT(Kinds(node), Contains(OpKind::kResizeBilinear)) << mode;
  }
  const auto y =
      RunNode(Size(Square(), {1, 1, 3, 3},
                   {{"mode", "linear"}, {"coordinate_transformation_mode", "align_corners"}}));
  ExpectTensor(y.at(0), F32({1, 1, 3, 3}, {1, 1.5, 2, 2, 2.5, 3, 3, 3.5, 4}));
}

TEST(Resize, LinearOverAnyAxisAsAMatrix) {
  const auto y = RunNode(Scale(F32({2, 1}, {1, 3}), {2, 1}, {{"mode", "linear"}}));
  ExpectTensor(y.at(0), F32({4, 1}, {1, 1.5, 2.5, 3}));
}

TEST(Resize, CubicKeepsConstantsAndInterpolates) {
  const auto flat =
      RunNode(Scale(F32({1, 1, 1, 4}, {5, 5, 5, 5}), {1, 1, 1, 2}, {{"mode", "cubic"}}));
  ExpectTensor(flat.at(0), F32({1, 1, 1, 8}, std::vector<double>(8, 5)));
  // At 1.25 with a = -0.75 the weights are -0.10546875, 0.87890625, 0.26171875 and -0.03515625.
  const auto y = RunNode(Scale(F32({1, 1, 1, 4}, {1, 2, 3, 4}), {1, 1, 1, 2}, {{"mode", "cubic"}}));
  EXPECT_NEAR(ToDoubles(y.at(0)).at(3), 2.296875, 1e-5);
  EXPECT_NEAR(ToDoubles(y.at(0)).at(3) + ToDoubles(y.at(0)).at(4), 5.0, 1e-5);
}

TEST(Resize, AntialiasAveragesWhenItShrinks) {
  const auto y = RunNode(
      Size(F32({1, 1, 1, 4}, {0, 0, 8, 8}), {1, 1, 1, 2}, {{"mode", "linear"}, {"antialias", 1}}));
  ExpectTensor(y.at(0), F32({1, 1, 1, 2}, {1, 7}));
}

TEST(Resize, AxesAndAspectRatio) {
  const auto x = F32({1, 1, 2, 4}, {1, 2, 3, 4, 5, 6, 7, 8});
  const OneNode node =
      Size(x, {4, 4},
           {{"mode", "nearest"}, {"axes", Ints{2, 3}}, {"keep_aspect_ratio_policy", "not_larger"}});
  ExpectTensor(RunNode(node).at(0), x);
  const OneNode larger = Size(
      x, {4, 4},
      {{"mode", "nearest"}, {"axes", Ints{2, 3}}, {"keep_aspect_ratio_policy", "not_smaller"}});
  EXPECT_EQ(RunNode(larger).at(0).shape(), (std::vector<std::int64_t>{1, 1, 4, 8}));
}

TEST(Resize, CropsARegion) {
  OneNode node =
      Size(F32({1, 1, 1, 5}, {0, 1, 2, 3, 4}), {1, 1, 1, 3},
           {{"mode", "linear"}, {"coordinate_transformation_mode", "tf_crop_and_resize"}});
  node.inputs[1] = F32({8}, {0, 0, 0, 0.25, 1, 1, 1, 0.75});
  ExpectTensor(RunNode(node).at(0), F32({1, 1, 1, 3}, {1, 2, 3}));
}

TEST(Resize, SymbolicSizes) {
  for (const char* mode : {"nearest", "linear"}) {
    OnnxModel model;
    model.Input("x", DType::kF32, {"N", 1, "H", "W"})
        .Init("s", F32({4}, {1, 1, 2, 2}))
        .Node("Resize", {"x", "", "s"}, {"y"}, {{"mode", mode}})
        .Output("y");
    const auto want = RunNode(Scale(Square(), {1, 1, 2, 2}, {{"mode", mode}}));
    ExpectTensor(model.Run({Square()}).at(0), want.at(0));
  }
}

// By the 4 elements that there are, not by the 4.5 that the scale would give.
TEST(Resize, AlignedCornersOfSymbolicSizes) {
  OnnxModel model;
  model.Input("x", DType::kF32, {1, 1, 1, "W"})
      .Init("s", F32({4}, {1, 1, 1, 1.5}))
      .Node("Resize", {"x", "", "s"}, {"y"},
            {{"mode", "linear"}, {"coordinate_transformation_mode", "align_corners"}})
      .Output("y");
  ExpectTensor(model.Run({F32({1, 1, 1, 3}, {0, 3, 6})}).at(0), F32({1, 1, 1, 4}, {0, 2, 4, 6}));
}

TEST(Resize, SizesOfAnotherTensor) {
  OnnxModel model;
  model.Input("x", DType::kF32, {1, 1, "H", "W"})
      .Input("like", DType::kF32, {1, 1, "A", "B"})
      .Node("Shape", {"like"}, {"s"})
      .Node("Resize", {"x", "", "", "s"}, {"y"},
            {{"mode", "nearest"},
             {"coordinate_transformation_mode", "asymmetric"},
             {"nearest_mode", "floor"}})
      .Output("y");
  const auto y = model.Run({Square(), F32({1, 1, 2, 6}, std::vector<double>(12, 0))});
  ExpectTensor(y.at(0), F32({1, 1, 2, 6}, {1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4}));
}

// 41 / 82 * 2 is 1 - 6e-8 in the kernel's order of operations, and 1 in ONNX Runtime's.
TEST(Resize, ComputedSizesFindWholeCoordinates) {
  const auto x = F32({1, 1, 1, 2}, {3, 5});
  OneNode node = Size(x, {1, 1, 1, 82},
                      {{"mode", "nearest"},
                       {"coordinate_transformation_mode", "asymmetric"},
                       {"nearest_mode", "floor"}});
  const auto constant = RunNode(node).at(0);
  EXPECT_EQ(ToDoubles(constant).at(40), 3);
  EXPECT_EQ(ToDoubles(constant).at(41), 5);
  node.constant = {};
  ExpectTensor(RunNode(node).at(0), constant);
}

TEST(Upsample, AttributeAndInput) {
  OneNode seven{"Upsample", {Square()}, {{"mode", "nearest"}, {"scales", Doubles{1, 1, 1, 2}}}};
  seven.opset = 7;
  ExpectTensor(RunNode(seven).at(0), F32({1, 1, 2, 4}, {1, 1, 2, 2, 3, 3, 4, 4}));
  OneNode nine{"Upsample", {Square(), F32({4}, {1, 1, 1, 2})}, {{"mode", "linear"}}, {false, true}};
  nine.opset = 9;
  ExpectTensor(RunNode(nine).at(0), F32({1, 1, 2, 4}, {1, 1.5, 2, 2, 3, 3.5, 4, 4}));
  nine.opset = 10;
  EXPECT_THAT(MakeModel(nine).Refusals(), ElementsAre(Reason::kUnsupportedOnnxOp));
}

TEST(Resize, CentersOfPixelsFallOntoTheSource) {
  const auto y = RunNode(Scale(
      F32({1, 1, 1, 4}, {1, 2, 3, 4}), {1, 1, 1, 0.5},
      {{"coordinate_transformation_mode", "tf_half_pixel_for_nn"}, {"nearest_mode", "floor"}}));
  ExpectTensor(y.at(0), F32({1, 1, 1, 2}, {2, 4}));
}

TEST(Resize, Refusals) {
  const auto refused = [](const OneNode& node) { return MakeModel(node).Refusals(); };
  EXPECT_THAT(refused(Scale(Square(), {1, 1, 2, 2}, {{"mode", "area"}})),
              Contains(Reason::kUnsupportedAttributeValue));
  EXPECT_THAT(refused(Scale(Square(), {1, 1, 2, 2}, {{"nearest_mode", "up"}})),
              Contains(Reason::kUnsupportedAttributeValue));
  EXPECT_THAT(refused(Size(Square(), {1, 1, 2, 2}, {{"keep_aspect_ratio_policy", "other"}})),
              Contains(Reason::kUnsupportedAttributeValue));
  EXPECT_THAT(refused(Size(Square(), {2, 2}, {{"axes", Ints{2, 2}}})),
              Contains(Reason::kValueOutOfRange));
  EXPECT_THAT(refused(Scale(Square(), {1, 1, -2, 2}, {})), Contains(Reason::kValueOutOfRange));
  EXPECT_THAT(refused(Size(Square(), {2, 2}, {})), Contains(Reason::kShapeMismatch));
  EXPECT_THAT(refused(Scale(MakeTensor(DType::kI32, {1, 1, 1, 1}, {1}), {1, 1, 2, 2},
                            {{"mode", "linear"}})),
              ElementsAre(Reason::kUnsupportedType));
  EXPECT_THAT(
      refused(Scale(F32({1, 1, 1, 3}, {1, 2, 3}), {1, 1, 1, 1.5},
                    {{"mode", "linear"}, {"coordinate_transformation_mode", "align_corners"}})),
      ElementsAre(Reason::kUnsupportedAttributeValue));
  OneNode roi =
      Size(Square(), {1, 1, 2, 2}, {{"coordinate_transformation_mode", "tf_crop_and_resize"}});
  EXPECT_THAT(refused(roi), ElementsAre(Reason::kShapeMismatch));
}

// What the run computes is what the importer computes of constants.
TEST(Resize, ComputedOperandsGiveWhatConstantsGive) {
  const auto x = RandomTensor(DType::kF32, {1, 2, 4, 5}, 3);
  for (const char* mode : {"nearest", "linear", "cubic"}) {
    for (const char* coordinates : {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel",
                                    "align_corners", "asymmetric"}) {
      for (const std::int64_t exclude : {0, 1}) {
        std::vector<Attr> attrs = {{"mode", mode}, {"coordinate_transformation_mode", coordinates}};
        if (mode == std::string("cubic")) attrs.push_back({"exclude_outside", exclude});
        for (OneNode node : {Size(x, {1, 2, 7, 3}, attrs), Scale(x, {1, 1, 1.5, 0.6}, attrs)}) {
          const bool fits = MakeModel(node).Refusals().empty();
          if (!fits) continue;  // align_corners of a fractional size
          const interp::Tensor constant = RunNode(node).at(0);
          node.constant = {};
          const bool is_nearest = mode == std::string("nearest");
          if (is_nearest && coordinates == std::string("half_pixel_symmetric")) {
            EXPECT_THAT(MakeModel(node).Refusals(),
                        ElementsAre(Reason::kDynamicDimensionUnsupported));
            continue;
          }
          ExpectTensor(RunNode(node).at(0), constant, 1e-5);
        }
      }
    }
  }
}

// In float32 9 / 1.2 is a little less than 7.5.
TEST(Resize, NearlyAHalfIsAHalf) {
  const auto x = RandomTensor(DType::kF32, {1, 1, 1, 10}, 3);
  for (const bool is_constant : {true, false}) {
    OneNode node = Scale(x, {1, 1, 1, 1.2},
                         {{"mode", "nearest"},
                          {"coordinate_transformation_mode", "asymmetric"},
                          {"nearest_mode", "round_prefer_ceil"}});
    if (!is_constant) node.constant = {};
    const auto y = RunNode(node).at(0);
    EXPECT_EQ(ToDoubles(y).at(9), ToDoubles(x).at(8));
  }
}

// 3.6 of 3 elements are 3: ONNX Runtime passes them on.
TEST(Resize, KeptSizesPassTheInputOn) {
  const auto x = F32({1, 1, 2, 3}, {1, 2, 3, 5, 8, 13});
  for (const char* mode : {"nearest", "linear", "cubic"}) {
    OneNode node = Scale(x, {1, 1, 1, 1.2}, {{"mode", mode}});
    ExpectTensor(RunNode(node).at(0), x);
    EXPECT_THAT(Kinds(node), ::testing::IsEmpty());
    node.constant = {};
    ExpectTensor(RunNode(node).at(0), x);
  }
}

// The policy's scale, 6 / 7, is that of both axes; 2 * 6 / 7 is rounded to 2.
TEST(Resize, PolicyMovesElementsOfAnAxisThatKeepsItsSize) {
  const auto x = F32({2, 7}, {0, 0, 0, 0, 0, 0, 0, 6, 6, 6, 6, 6, 6, 6});
  OneNode node = Size(x, {2, 6}, {{"mode", "linear"}, {"keep_aspect_ratio_policy", "not_larger"}});
  const double first = 0.5 * 7 / 6 - 0.5;
  for (const bool is_constant : {true, false}) {
    if (!is_constant) node.constant = {};
    EXPECT_NEAR(ToDoubles(RunNode(node).at(0)).at(0), 6 * first, 1e-5) << is_constant;
  }
}

// 3 / 7 of an element is none: no kernel that resizes takes that.
TEST(Resize, NothingIsLeft) {
  const auto x = RandomTensor(DType::kF32, {1, 1, 7, 3}, 3);
  for (const char* mode : {"nearest", "linear", "cubic"}) {
    OneNode node =
        Size(x, {1, 9},
             {{"mode", mode}, {"axes", Ints{2, 3}}, {"keep_aspect_ratio_policy", "not_larger"}});
    for (const bool is_constant : {true, false}) {
      if (!is_constant) node.constant = {};
      EXPECT_EQ(RunNode(node).at(0).shape(), (std::vector<std::int64_t>{1, 1, 1, 0})) << mode;
    }
    node.constant = {false, true, true, true};
    EXPECT_THAT(Kinds(node), ::testing::Not(Contains(OpKind::kResizeBilinear)));
  }
}

TEST(Resize, CentersOfAKeptAxisStay) {
  const auto x = F32({2, 2}, {1, 2, 3, 4});
  OneNode node = Size(x, {2, 4},
                      {{"mode", "nearest"},
                       {"coordinate_transformation_mode", "tf_half_pixel_for_nn"},
                       {"nearest_mode", "round_prefer_ceil"}});
  for (const bool is_constant : {true, false}) {
    if (!is_constant) node.constant = {};
    ExpectTensor(RunNode(node).at(0), F32({2, 4}, {1, 2, 2, 2, 3, 4, 4, 4}));
  }
}

TEST(Resize, ComputedScalesFillOutsideOfTheRegion) {
  OneNode node{"Resize",
               {F32({2}, {1, 3}), F32({2}, {0, 2}), {}, I64({1}, {3})},
               {{"mode", "linear"},
                {"coordinate_transformation_mode", "tf_crop_and_resize"},
                {"extrapolation_value", 9.0}}};
  node.opset = 19;
  ExpectTensor(RunNode(node).at(0), F32({3}, {1, 3, 9}));
}

TEST(ResizeAxis, MatrixRowsSumToOne) {
  using namespace onnx_import;  // NOLINT: the test is of this namespace
  for (const ResizeMode mode : {ResizeMode::kLinear, ResizeMode::kCubic}) {
    for (const bool antialias : {false, true}) {
      ResizeOptions options;
      options.mode = mode;
      options.antialias = antialias;
      const ResizeAxis axis{7, 5, 5.0 / 7, 0, 1};
      const auto matrix = ResizeMatrix(options, axis);
      for (std::size_t row = 0; row < 5; ++row) {
        double sum = 0;
        for (std::size_t i = 0; i < 7; ++i) sum += static_cast<double>(matrix[row * 7 + i]);
        EXPECT_NEAR(sum, 1, 1e-6);
      }
    }
  }
}

}  // namespace
}  // namespace smelt::testing
