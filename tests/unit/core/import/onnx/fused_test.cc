// Operators of ONNX Runtime's domain, where no engine on this machine computes them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include "tests/support/onnx_model.h"

namespace smelt::testing {
namespace {

using ir::DType;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kDomain = "com.microsoft";

// A model of one node with all `inputs` as graph inputs; a default-made one is absent.
OnnxModel Model(const std::string& op, const std::vector<interp::Tensor>& inputs,
                const std::vector<Attr>& attrs) {
  OnnxModel model = MakeModel({.op = op, .inputs = inputs, .attrs = attrs});
  model.graph().mutable_node(0)->set_domain(kDomain);
  auto* import = model.proto().add_opset_import();
  import->set_domain(kDomain);
  import->set_version(1);
  return model;
}

interp::Tensor Random(std::vector<std::int64_t> shape, std::uint32_t seed) {
  return RandomTensor(DType::kF32, std::move(shape), seed);
}

// (batch 1, length, heads, slots, size) of tensors (1, length, heads * size).
interp::Tensor Packed(const std::vector<interp::Tensor>& parts, std::int64_t heads,
                      std::int64_t size) {
  std::vector<double> values;
  const std::int64_t length = parts[0].dim(1);
  for (std::int64_t row = 0; row < length * heads; ++row) {
    for (const interp::Tensor& part : parts) {
      const std::vector<double> all = ToDoubles(part);
      for (std::int64_t i = 0; i < size; ++i) {
        values.push_back(all[static_cast<std::size_t>(row * size + i)]);
      }
    }
  }
  return F32({1, length, heads, static_cast<std::int64_t>(parts.size()), size}, values);
}

TEST(MultiHeadAttention, PackedFormsAreTheSeparateOne) {
  const auto q = Random({1, 3, 4}, 1), k = Random({1, 3, 4}, 2), v = Random({1, 3, 4}, 3);
  const std::vector<Attr> attrs = {{"num_heads", 2}};
  const auto apart = Model("MultiHeadAttention", {q, k, v}, attrs).Run({q, k, v});
  ASSERT_EQ(apart.size(), 1u);
  const auto pair = Packed({k, v}, 2, 2);
  ExpectTensor(Model("MultiHeadAttention", {q, pair}, attrs).Run({q, pair}).at(0), apart[0]);
  const auto all = Packed({q, k, v}, 2, 2);
  ExpectTensor(Model("MultiHeadAttention", {all}, attrs).Run({all}).at(0), apart[0]);
}

TEST(MultiHeadAttention, Refusals) {
  const auto q = Random({2, 3, 4}, 1), k = Random({2, 5, 4}, 2), v = Random({2, 5, 4}, 3);
  const auto mask = [](std::vector<std::int64_t> shape, std::size_t count) {
    return MakeTensor(DType::kI32, std::move(shape), std::vector<double>(count, 1));
  };
  const auto refused = [&](std::vector<interp::Tensor> inputs, std::vector<Attr> attrs) {
    attrs.emplace_back("num_heads", 2);
    return Model("MultiHeadAttention", inputs, attrs).Refusals();
  };
  EXPECT_THAT(refused({q, k, v, {}, mask({2}, 2)}, {}), IsEmpty());
  EXPECT_THAT(refused({q, k, v, {}, mask({8}, 8)}, {}),
              ElementsAre(Reason::kUnsupportedAttributeValue));
  EXPECT_THAT(refused({q, k, v}, {{"unidirectional", 1}}),
              ElementsAre(Reason::kUnsupportedAttributeValue));
  EXPECT_THAT(refused({q, k, Random({2, 4, 4}, 3)}, {}), Contains(Reason::kShapeMismatch));
  EXPECT_THAT(
      refused({q, k, v, {}, {}, {}, Random({2, 2, 6, 2}, 4), Random({2, 2, 6, 2}, 5), mask({1}, 1)},
              {}),
      ElementsAre(Reason::kTooManyInputs));
}

TEST(GroupNorm, StandardizesGroupsOfTheLastAxis) {
  const auto x = F32({1, 1, 2, 2}, {1, 5, 3, 9});
  const auto one = F32({2}, {1, 1}), zero = F32({2}, {0, 0});
  const std::vector<Attr> attrs = {{"groups", 2}, {"activation", 0}, {"epsilon", 0.0}};
  ExpectTensor(Model("GroupNorm", {x, one, zero}, attrs).Run({x, one, zero}).at(0),
               F32({1, 1, 2, 2}, {-1, -1, 1, 1}));
}

TEST(FusedConv, RefusesActivationsWithoutTheirParameters) {
  const auto x = Random({1, 1, 4, 4}, 1), w = Random({1, 1, 3, 3}, 2);
  const auto refused = [&](const std::vector<Attr>& attrs) {
    return Model("FusedConv", {x, w}, attrs).Refusals();
  };
  EXPECT_THAT(refused({{"activation", "Relu"}}), IsEmpty());
  EXPECT_THAT(refused({{"activation", "LeakyRelu"}}),
              ElementsAre(Reason::kUnsupportedAttributeValue));
  EXPECT_THAT(refused({{"activation", "Gelu"}}), ElementsAre(Reason::kUnsupportedAttributeValue));
}

}  // namespace
}  // namespace smelt::testing
