#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <array>
#include <limits>

#include "core/import/onnx/ops/window.h"
#include "tests/support/onnx_model.h"

namespace smelt::testing {
namespace {

using ir::DType;
using ::testing::Contains;
using ::testing::ElementsAre;

struct Case {
  bool average = false;
  std::int64_t kernel[2], stride[2] = {1, 1}, dilation[2] = {1, 1}, pads[4] = {0, 0, 0, 0};
  bool ceil_mode = false, count_padding = false;
};

std::int64_t Windows(const Case& c, int i, std::int64_t n) {
  const std::int64_t room = n + c.pads[i] + c.pads[i + 2] - (c.kernel[i] - 1) * c.dilation[i] - 1;
  std::int64_t count =
      (c.ceil_mode ? (room + c.stride[i] - 1) / c.stride[i] : room / c.stride[i]) + 1;
  if (c.ceil_mode && (count - 1) * c.stride[i] >= n + c.pads[i]) --count;
  return count;
}

interp::Tensor Naive(const interp::Tensor& x, const Case& c) {
  const auto xs = ToDoubles(x);
  const std::int64_t height = x.dim(2), width = x.dim(3);
  const std::int64_t oh = Windows(c, 0, height), ow = Windows(c, 1, width);
  std::vector<double> ys;
  for (std::int64_t plane = 0; plane < x.dim(0) * x.dim(1); ++plane)
    for (std::int64_t y = 0; y < oh; ++y)
      for (std::int64_t z = 0; z < ow; ++z) {
        double sum = 0, most = -std::numeric_limits<double>::infinity(), count = 0;
        for (std::int64_t a = 0; a < c.kernel[0]; ++a)
          for (std::int64_t b = 0; b < c.kernel[1]; ++b) {
            const std::int64_t r = y * c.stride[0] + a * c.dilation[0] - c.pads[0];
            const std::int64_t s = z * c.stride[1] + b * c.dilation[1] - c.pads[1];
            const bool padded = r < height + c.pads[2] && s < width + c.pads[3];
            const bool inside = r >= 0 && r < height && s >= 0 && s < width;
            if (inside || (c.count_padding && padded)) ++count;
            if (!inside) continue;
            const double value = xs[static_cast<std::size_t>((plane * height + r) * width + s)];
            sum += value;
            most = std::max(most, value);
          }
        ys.push_back(c.average ? sum / count : most);
      }
  return F32({x.dim(0), x.dim(1), oh, ow}, ys);
}

OneNode Node(const Case& c, std::vector<std::int64_t> shape) {
  OneNode node{c.average ? "AveragePool" : "MaxPool",
               {RandomTensor(DType::kF32, std::move(shape), 5)},
               {{"kernel_shape", Ints{c.kernel[0], c.kernel[1]}},
                {"strides", Ints{c.stride[0], c.stride[1]}},
                {"pads", Ints(c.pads, c.pads + 4)},
                {"ceil_mode", c.ceil_mode ? 1 : 0}}};
  node.opset = 19;
  if (c.dilation[0] * c.dilation[1] > 1) {
    node.attrs.emplace_back("dilations", Ints{c.dilation[0], c.dilation[1]});
  }
  if (c.average) node.attrs.emplace_back("count_include_pad", c.count_padding ? 1 : 0);
  return node;
}

void Expect(Case c, std::vector<std::int64_t> shape) {
  for (const bool average : {false, true}) {
    for (const bool count : {false, true}) {
      c.average = average;
      c.count_padding = count;
      const OneNode node = Node(c, shape);
      const auto y = RunNode(node);
      ASSERT_EQ(y.size(), 1u);
      ExpectTensor(y[0], Naive(node.inputs[0], c));
    }
  }
}

TEST(Pooling, PaddingStridesAndCeilMode) {
  Expect({false, {2, 2}}, {1, 2, 5, 6});
  Expect({false, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}, {2, 2, 5, 6});  // SAME in TFLite
  Expect({false, {3, 2}, {2, 2}, {1, 1}, {1, 0, 2, 1}}, {1, 2, 7, 6});
  Expect({false, {3, 3}, {2, 2}, {1, 1}, {0, 0, 0, 0}, true}, {1, 2, 6, 8});
  Expect({false, {3, 3}, {3, 3}, {1, 1}, {1, 1, 1, 1}, true}, {1, 1, 7, 8});
}

// Rounding up begins one window where the axis is shorter: EfficientNet of transformers pools 3 x 3
// by 640 x 640.
TEST(Pooling, WindowsBeyondTheInput) {
  Expect({false, {640, 640}, {640, 640}, {1, 1}, {0, 0, 0, 0}, true}, {1, 2, 3, 3});
  Expect({false, {5, 4}, {4, 3}, {1, 1}, {1, 0, 0, 1}, true}, {1, 2, 3, 2});
  Expect({false, {3, 2}, {2, 1}, {2, 1}, {0, 0, 0, 0}, true}, {1, 2, 4, 3});
}

TEST(Pooling, DilatedWindows) {
  Expect({false, {2, 3}, {1, 2}, {2, 1}, {0, 1, 1, 0}}, {1, 2, 6, 7});
}

TEST(Pooling, AutoPad) {
  const auto x = F32({1, 1, 4}, {1, 5, 2, 4});
  const auto upper =
      RunNode({"MaxPool", {x}, {{"kernel_shape", Ints{2}}, {"auto_pad", "SAME_UPPER"}}});
  ExpectTensor(upper.at(0), F32({1, 1, 4}, {5, 5, 4, 4}));
  const auto lower =
      RunNode({"MaxPool", {x}, {{"kernel_shape", Ints{2}}, {"auto_pad", "SAME_LOWER"}}});
  ExpectTensor(lower.at(0), F32({1, 1, 4}, {1, 5, 5, 4}));
  const auto valid =
      RunNode({"AveragePool", {x}, {{"kernel_shape", Ints{2}}, {"auto_pad", "VALID"}}});
  ExpectTensor(valid.at(0), F32({1, 1, 3}, {3, 3.5, 3}));
}

TEST(Pooling, OfIntegersAndSymbolicSizes) {
  const auto x = MakeTensor(DType::kI8, {1, 1, 3, 3}, {-9, -8, -7, -6, -5, -4, -3, -2, -1});
  const auto y =
      RunNode({"MaxPool", {x}, {{"kernel_shape", Ints{2, 2}}, {"pads", Ints{1, 1, 0, 0}}}});
  ExpectTensor(y.at(0), MakeTensor(DType::kI8, {1, 1, 3, 3}, {-9, -8, -7, -6, -5, -4, -3, -2, -1}));
  OnnxModel model;
  model.Input("x", DType::kF32, {"N", 1, "L"})
      .Node("AveragePool", {"x"}, {"y"}, {{"kernel_shape", Ints{3}}, {"pads", Ints{1, 1}}})
      .Output("y");
  ExpectTensor(model.Run({F32({1, 1, 3}, {1, 2, 6})}).at(0), F32({1, 1, 3}, {1.5, 3, 4}));
}

TEST(Pooling, GlobalOverAnyRank) {
  const auto x = F32({1, 2, 2}, {1, 3, 5, 9});
  ExpectTensor(RunNode({"GlobalAveragePool", {x}}).at(0), F32({1, 2, 1}, {2, 7}));
  ExpectTensor(RunNode({"GlobalMaxPool", {x}}).at(0), F32({1, 2, 1}, {3, 9}));
  const auto cube = F32({1, 1, 2, 1, 2}, {1, 2, 3, 6});
  ExpectTensor(RunNode({"GlobalAveragePool", {cube}}).at(0), F32({1, 1, 1, 1, 1}, {3}));
}

TEST(Pooling, IndicesOfTheLargest) {
  const auto results = RunNode({.op = "MaxPool",
                                .inputs = {F32({1, 2, 2, 2}, {1, 9, 3, 4, 5, 6, 8, 7})},
                                .attrs = {{"kernel_shape", Ints{2, 2}}},
                                .outputs = 2});
  ASSERT_EQ(results.size(), 2u);
  ExpectTensor(results[0], F32({1, 2, 1, 1}, {9, 8}));
  ExpectTensor(results[1], I64({1, 2, 1, 1}, {1, 6}));
}

TEST(Pooling, Refusals) {
  const auto refused = [](const OneNode& node) { return MakeModel(node).Refusals(); };
  OneNode node = Node({false, {2, 2}}, {1, 1, 4, 4});
  OneNode bad = node;
  bad.inputs[0] = RandomTensor(DType::kF32, {1, 1, 4, 4, 4, 4}, 1);
  EXPECT_THAT(refused(bad), Contains(Reason::kUnsupportedRank));
  bad = node;
  bad.attrs = {};
  EXPECT_THAT(refused(bad), ElementsAre(Reason::kMissingAttribute));
  bad.attrs = {{"kernel_shape", Ints{2}}};
  EXPECT_THAT(refused(bad), ElementsAre(Reason::kValueOutOfRange));
  bad.attrs = {{"kernel_shape", Ints{2, 2}}, {"auto_pad", "OTHER"}};
  EXPECT_THAT(refused(bad), ElementsAre(Reason::kUnsupportedAttributeValue));
  bad.attrs = {{"kernel_shape", Ints{9, 9}}};
  EXPECT_THAT(refused(bad), ElementsAre(Reason::kShapeMismatch));
  bad.attrs = {{"kernel_shape", Ints{70000, 1}}, {"dilations", Ints{2, 1}}};
  EXPECT_THAT(refused(bad), Contains(Reason::kDynamicDimensionUnsupported));
  bad = node;
  bad.op = "GlobalAveragePool";
  bad.attrs = {};
  bad.inputs[0] = RandomTensor(DType::kF32, {4, 4}, 1);
  EXPECT_THAT(refused(bad), ElementsAre(Reason::kUnsupportedRank));
  OnnxModel lower;
  lower.Input("x", DType::kF32, {1, 1, "L"})
      .Node("MaxPool", {"x"}, {"y"},
            {{"kernel_shape", Ints{3}}, {"strides", Ints{2}}, {"auto_pad", "SAME_LOWER"}})
      .Output("y");
  EXPECT_THAT(lower.Refusals(), ElementsAre(Reason::kDynamicDimensionUnsupported));
  OnnxModel divisor;
  divisor.Input("x", DType::kF32, {1, 1, "L"})
      .Node("AveragePool", {"x"}, {"y"},
            {{"kernel_shape", Ints{3}},
             {"strides", Ints{2}},
             {"auto_pad", "SAME_UPPER"},
             {"count_include_pad", 1}})
      .Output("y");
  EXPECT_THAT(divisor.Refusals(), ElementsAre(Reason::kDynamicDimensionUnsupported));
}

TEST(MaxRoiPool, Refusals) {
  OneNode node{"MaxRoiPool",
               {RandomTensor(DType::kF32, {1, 2, 6, 6}, 1), F32({1, 5}, {0, 1, 1, 4, 4})},
               {{"pooled_shape", Ints{2, 2}}}};
  const auto refused = [&](std::vector<Attr> attrs) {
    node.attrs = std::move(attrs);
    return MakeModel(node).Refusals();
  };
  EXPECT_THAT(refused({{"pooled_shape", Ints{2, 2}}}), ElementsAre());
  EXPECT_THAT(refused({{"pooled_shape", Ints{-2, 2}}}),
              ElementsAre(Reason::kUnsupportedAttributeValue));
  EXPECT_THAT(refused({{"pooled_shape", Ints{2}}}),
              ElementsAre(Reason::kUnsupportedAttributeValue));
}

TEST(DeformConv, Refusals) {
  const std::int64_t huge = std::int64_t{1} << 62;
  OneNode node{
      "DeformConv",
      {RandomTensor(DType::kF32, {1, 2, 4, 4}, 1), RandomTensor(DType::kF32, {2, 2, 3, 3}, 2),
       RandomTensor(DType::kF32, {1, 18, 2, 2}, 3)},
      {}};
  node.opset = 19;
  EXPECT_THAT(MakeModel(node).Refusals(), ElementsAre());
  node.attrs = {{"offset_group", huge}};
  EXPECT_THAT(MakeModel(node).Refusals(), ElementsAre(Reason::kShapeMismatch));
  node.attrs = {{"pads", Ints{1, 1, 1, 1}}};  // the offsets are not of the result's size
  EXPECT_THAT(MakeModel(node).Refusals(), ElementsAre(Reason::kShapeMismatch));
}

// Rounded up for whatever size the run brings; a last window that could see nothing is cut off.
TEST(Pooling, CeilModeOfOpenSizes) {
  ir::SymbolTable symbols;
  const ir::Dim n = symbols.Named("N", {"x", 0});
  using onnx_import::AxisPlan;
  using onnx_import::PlanAxis;
  for (const auto& [kernel, stride, end] :
       {std::array{3, 2, 0}, std::array{3, 2, 1}, std::array{2, 2, 0}, std::array{7, 3, 2},
        std::array{1, 2, 0}, std::array{2, 2, 1}, std::array{2, 4, 1}}) {
    onnx_import::Window window;
    window.axes = {{kernel, stride, 1, 0, end}};
    window.ceil_mode = true;
    const AxisPlan open = PlanAxis(symbols, n, window, 0);
    ASSERT_TRUE(open.end.has_value());
    for (std::int64_t size = kernel; size < kernel + 12; ++size) {
      const AxisPlan known = PlanAxis(symbols, ir::Dim(size), window, 0);
      EXPECT_EQ(symbols.Evaluate(open.output, {{"N", size}}), known.output.value())
          << kernel << " " << stride << " " << end << " of " << size;
      const std::int64_t made = (size + *open.end - kernel) / stride + 1;
      EXPECT_GE(made, known.output.value());
      EXPECT_LE(made, known.output.value() + (open.may_exceed ? 1 : 0));
    }
  }
}

// Channels last, the height is axis 1: an open one leaves the divisor unknown there, too.
TEST(Pooling, AveragesOfAnOpenHeightChannelsLastAreRefused) {
  OnnxModel model;
  model.Input("x", DType::kU8, {1, "H", 8, 3})
      .Init("scale", F32({}, {0.5F}))
      .Init("zero", MakeTensor(DType::kU8, {}, {3}));
  model.Node("QLinearAveragePool", {"x", "scale", "zero", "scale", "zero"}, {"y"},
             {{"kernel_shape", Ints{3, 3}},
              {"strides", Ints{2, 2}},
              {"auto_pad", "SAME_UPPER"},
              {"count_include_pad", 1},
              {"channels_last", 1}},
             "com.microsoft");
  model.Output("y");
  auto* import = model.proto().add_opset_import();
  import->set_domain("com.microsoft");
  import->set_version(1);
  EXPECT_EQ(model.Refusals(), std::vector{Reason::kDynamicDimensionUnsupported});
}

// The windows of an axis of any size, in the averages of a model that leaves it open.
TEST(Pooling, AveragesOfOpenSizes) {
  OnnxModel model;
  model.Input("x", DType::kF32, {1, 1, "L"})
      .Node(
          "AveragePool", {"x"}, {"y"},
          {{"kernel_shape", Ints{3}}, {"strides", Ints{2}}, {"pads", Ints{1, 1}}, {"ceil_mode", 1}})
      .Output("y");
  ExpectTensor(model.Run({F32({1, 1, 5}, {2, 4, 6, 8, 10})}).at(0), F32({1, 1, 3}, {3, 6, 9}));
  ExpectTensor(model.Run({F32({1, 1, 4}, {2, 4, 6, 8})}).at(0), F32({1, 1, 3}, {3, 6, 8}));
}

}  // namespace
}  // namespace smelt::testing
