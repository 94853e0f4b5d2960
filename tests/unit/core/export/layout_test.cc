// Where payloads lie, and which are shared.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "core/export/tflite/constant_sharing.h"
#include "tests/unit/core/export/write_file.h"

namespace smelt::tflite_export {
namespace {

ir::Constant Floats(std::int64_t count, float first) {
  std::vector<float> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = first + static_cast<float>(i);
  return ir::Constant::FromValues<float>(ir::DType::kF32, {count}, values);
}

// x + c for each of the constants, one after the other.
ir::Module Sums(const std::vector<ir::Constant>& constants) {
  ir::Module module;
  ir::Graph& graph = module.graph(module.AddGraph("main"));
  const ir::TensorType type{ir::DType::kF32, ir::Shape{1}};
  ir::ValueId value = graph.AddInput(type, "x");
  for (const ir::Constant& constant : constants) {
    const ir::ValueId operands[] = {value, graph.AddConstant(constant)};
    const ir::TensorType result{ir::DType::kF32, ir::Shape::Of(constant.shape())};
    value = graph.op(graph.Insert(ir::OpKind::kAdd, operands, {}, {&result, 1}, 0)).result();
  }
  graph.SetOutputs({&value, 1});
  module.signatures.push_back({"serving_default", module.main_id(), {"x"}, {"y"}});
  return module;
}

// Tensors of Sums: x, then constant and sum in turn.
int ConstantTensor(int i) { return 1 + 2 * i; }

TEST(Layout, PayloadsAreAlignedAndFollowTheTables) {
  ir::Module module = Sums({Floats(100, 1), Floats(1, 2), Floats(100, 3), Floats(7, 4)});
  const Written file = MustWrite(module);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(file.PositionOf(file.buffer_of(ConstantTensor(i))) % 64, 0U) << i;
  }
  const std::size_t tables_end = file.PositionOf(*file.model().buffers()->Get(1));
  const auto* last_table = reinterpret_cast<const std::byte*>(
      file.model().buffers()->Get(file.model().buffers()->size() - 1));
  EXPECT_LT(last_table, file.bytes.data() + tables_end);
}

TEST(Layout, SmallPayloadsComeFirstAndOthersInOrderOfUse) {
  ir::Module module = Sums({Floats(100, 1), Floats(1, 2), Floats(100, 3), Floats(7, 4)});
  const Written file = MustWrite(module);
  const auto position = [&](int i) { return file.PositionOf(file.buffer_of(ConstantTensor(i))); };
  EXPECT_LT(position(1), position(3));
  EXPECT_LT(position(3), position(0));
  EXPECT_LT(position(0), position(2));
}

TEST(Layout, ZerosFollowTheLastPayload) {
  ir::Module module = Sums({Floats(100, 1)});
  const Written file = MustWrite(module);
  const std::size_t end = file.PositionOf(file.buffer_of(1)) + 400;
  ASSERT_GE(file.bytes.size(), end + 128);
  EXPECT_TRUE(std::all_of(file.bytes.begin() + static_cast<std::ptrdiff_t>(end), file.bytes.end(),
                          [](std::byte b) { return b == std::byte{0}; }));
}

TEST(Layout, EqualConstantsAreStoredOnce) {
  const ir::Constant big = Floats(5000, 1);
  ir::Module module = Sums({big, Floats(5000, 1), Floats(5000, 2), Floats(4, 9), Floats(4, 9)});
  const Written file = MustWrite(module);
  EXPECT_EQ(file.tensor(ConstantTensor(0)).buffer(), file.tensor(ConstantTensor(1)).buffer());
  EXPECT_NE(file.tensor(ConstantTensor(0)).buffer(), file.tensor(ConstantTensor(2)).buffer());
  EXPECT_EQ(file.tensor(ConstantTensor(3)).buffer(), file.tensor(ConstantTensor(4)).buffer());
  EXPECT_EQ(file.summary.constant_bytes, 2 * 20000U + 16U + 16U);  // the last: runtime version
}

TEST(Layout, SharingLooksAtTheLastByte) {
  std::vector<float> values(100000, 1.0F);
  const auto a = ir::Constant::FromValues<float>(ir::DType::kF32, {100000}, values);
  values.back() = 2.0F;
  const auto b = ir::Constant::FromValues<float>(ir::DType::kF32, {100000}, values);
  const ir::Constant* constants[] = {&a, &b, &a};
  const CancelToken cancel;
  const auto first = ShareEqual(constants, cancel);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(*first, (std::vector<std::uint32_t>{0, 1, 0}));
}

TEST(Layout, ViewsAreComparedByValue) {
  const std::vector<float> values = {1, 2, 3, 1, 2, 3};
  const auto rows = ir::Constant::FromValues<float>(ir::DType::kF32, {2, 3}, values);
  const int swap[] = {1, 0};
  const std::vector<float> turned = {1, 1, 2, 2, 3, 3};
  const auto columns = ir::Constant::FromValues<float>(ir::DType::kF32, {3, 2}, turned);
  const ir::Constant view = rows.Transposed(swap);
  const ir::Constant* constants[] = {&rows, &view, &columns};
  const CancelToken cancel;
  const auto first = ShareEqual(constants, cancel);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(*first, (std::vector<std::uint32_t>{0, 1, 1}));
}

TEST(Layout, ViewsAreWrittenEvaluated) {
  ir::Module module = Sums({Floats(3, 1).BroadcastTo(std::vector<std::int64_t>{2, 3})});
  const Written file = MustWrite(module);
  const auto* data = file.buffer_of(1).data();
  ASSERT_EQ(data->size(), 24U);
  EXPECT_EQ(LoadUnaligned<float>(reinterpret_cast<const std::byte*>(data->data()) + 16), 2.0F);
}

TEST(Layout, LargeFilesKeepPayloadsOutsideTheFlatBuffer) {
  ir::Module module = Sums({Floats(100, 1), Floats(4, 2), Floats(300, 3)});
  const std::uint64_t inline_bytes = MustWrite(module).bytes.size();
  const Written file = MustWrite(module, inline_bytes - 1);
  const auto& outside = file.buffer_of(ConstantTensor(0));
  EXPECT_EQ(outside.data(), nullptr);
  EXPECT_EQ(outside.offset() % 64, 0U);
  EXPECT_EQ(outside.size(), 400U);
  EXPECT_EQ(LoadUnaligned<float>(file.bytes.data() + outside.offset() + 4), 2.0F);
  EXPECT_EQ(file.Metadata("buffer_location"), "outside flatbuffers");
  // Small constants stay where every tool can read them.
  const auto& small = file.buffer_of(ConstantTensor(1));
  ASSERT_NE(small.data(), nullptr);
  EXPECT_LT(file.PositionOf(small), outside.offset());
  EXPECT_EQ(file.Metadata("min_runtime_version"), "2.14.0");
  EXPECT_EQ(file.summary.min_runtime_version, "2.14.0");
}

TEST(Layout, TheModeIsDecidedByTheExactSize) {
  ir::Module module = Sums({Floats(100, 1)});
  const std::uint64_t inline_bytes = MustWrite(module).bytes.size();
  EXPECT_EQ(MustWrite(module, inline_bytes).Metadata("buffer_location"), "(absent)");
  EXPECT_NE(MustWrite(module, inline_bytes - 1).Metadata("buffer_location"), "(absent)");
}

TEST(Layout, TablesMustFitTheFlatBuffer) {
  ir::Module module = Sums({Floats(100, 1)});
  module.metadata["labels"] = std::string(1000, 'x');
  const Written file = MustWrite(module, 1);
  EXPECT_EQ(file.Metadata("labels").size(), 1000U);
}

}  // namespace
}  // namespace smelt::tflite_export
