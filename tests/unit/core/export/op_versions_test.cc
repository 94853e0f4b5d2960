#include "core/export/tflite/op_versions.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/unit/core/export/write_file.h"

namespace smelt::tflite_export {
namespace {

constexpr std::string_view kQ = " quant(axis=0, scale=[0.5], zero=[0])";
constexpr std::string_view kQ3 = " quant(axis=0, scale=[0.5, 0.25, 1.0], zero=[0, 0, 0])";

struct Case {
  std::string_view op;        // with attributes
  std::string_view operands;  // types, separated by ';'; Q and Q3 stand for quantization
  std::string_view result;
  int version;
};

std::string Expand(std::string_view type) {
  std::string text(type);
  const std::size_t at = text.find('Q');
  if (at == std::string::npos) return text;
  return text.substr(0, at) + std::string(text.substr(at) == "Q3" ? kQ3 : kQ);
}

// The version that the operator gets with these types, whether inference would agree or not.
int VersionOf(const Case& c) {
  std::string inputs;
  std::string names;
  int count = 0;
  for (std::size_t from = 0; from <= c.operands.size();) {
    const std::size_t to = std::min(c.operands.find(';', from), c.operands.size());
    const std::string name = "%" + std::to_string(count++);
    inputs +=
        (inputs.empty() ? "" : ", ") + name + ": " + Expand(c.operands.substr(from, to - from));
    names += (names.empty() ? "" : ", ") + name;
    from = to + 1;
  }
  const std::size_t space = std::min(c.op.find(' '), c.op.size());
  std::string results = "%100";
  if (c.result.find(',', c.result.find(']')) != std::string_view::npos) results += ", %101";
  const std::string text = "module { graph @main(" + inputs + ") { " + results + " = " +
                           std::string(c.op.substr(0, space)) + "(" + names + ")" +
                           std::string(c.op.substr(space)) + " : " + Expand(c.result) +
                           " return %100 } }";
  const ir::Module module = MustParse(text);
  if (module.graph_count() == 0) return -1;
  const ir::Graph& graph = module.main();
  return OperatorVersion(graph, graph.op(graph.first()));
}

class OpVersions : public testing::TestWithParam<Case> {};

TEST_P(OpVersions, FollowsTheRule) {
  EXPECT_EQ(VersionOf(GetParam()), GetParam().version)
      << GetParam().op << " of " << GetParam().operands;
}

#define CONV(op, extra)                                                     \
  op " {padding=\"SAME\", stride_w=1, stride_h=1, dilation_w_factor=" extra \
     ", "                                                                   \
     "dilation_h_factor=1}"

INSTANTIATE_TEST_SUITE_P(
    Arithmetic, OpVersions,
    testing::Values(
        Case{"ADD", "f32[2];f32[2]", "f32[2]", 1}, Case{"ADD", "f16[2];f16[2]", "f16[2]", 6},
        Case{"ADD", "i16[2];i16[2]", "i16[2]", 5}, Case{"ADD", "i64[2];i64[2]", "i64[2]", 4},
        Case{"ADD", "i16[2]Q;i16[2]Q", "i16[2]Q", 3}, Case{"ADD", "i8[2]Q;i8[2]Q", "i8[2]Q", 2},
        Case{"SUB", "i16[2];i16[2]", "i16[2]", 5}, Case{"SUB", "i64[2];i64[2]", "i64[2]", 4},
        Case{"SUB", "f32[1,1,1,1,2];f32[1,1,1,1,1]", "f32[1,1,1,1,2]", 3},
        Case{"SUB", "f32[1,1,1,1,2];f32[1,1,1,1,2]", "f32[1,1,1,1,2]", 1},
        Case{"MUL", "f16[2];f16[2]", "f16[2]", 8}, Case{"MUL", "u32[2];u32[2]", "u32[2]", 7},
        Case{"MUL", "i16[2];i16[2]", "i16[2]", 7}, Case{"MUL", "i64[2];i64[2]", "i64[2]", 5},
        Case{"DEQUANTIZE", "f16[2]", "f32[2]", 3}, Case{"DEQUANTIZE", "i16[2]Q", "f32[2]", 3},
        Case{"DEQUANTIZE", "i8[2]Q", "f32[2]", 2}, Case{"DEQUANTIZE", "i8[3]Q3", "f32[3]", 5},
        Case{"DEQUANTIZE", "u8[2]Q", "f32[2]", 1}, Case{"MUL", "i16[2]Q;i16[2]Q", "i16[2]Q", 4},
        Case{"QUANTIZE {out_data_type=\"i8\"}", "f32[2]", "i8[2]Q", 1},
        Case{"QUANTIZE {out_data_type=\"i8\"}", "f32[3]", "i8[3]Q3", 3},
        Case{"QUANTIZE {out_data_type=\"i16\"}", "i8[2]Q", "i16[2]Q", 2},
        Case{"EMBEDDING_LOOKUP {out_data_type=\"f32\"}", "i32[2];f32[3,2]", "f32[2,2]", 1},
        Case{"EMBEDDING_LOOKUP {out_data_type=\"f32\"}", "i32[2];i8[3,2]Q", "f32[2,2]", 1},
        Case{"EMBEDDING_LOOKUP {out_data_type=\"f32\"}", "i32[2];i8[3,2]Q3", "f32[2,2]", 4},
        Case{"MUL", "i32[2];i32[2]", "i32[2]", 1},
        Case{"DIV", "f32[2,1,1,1,1];f32[1]", "f32[2,1,1,1,1]", 2},
        Case{"DIV", "f32[2,1,1,1];f32[1]", "f32[2,1,1,1]", 1},
        Case{"MAXIMUM", "i16[2];i16[2]", "i16[2]", 4},
        Case{"MINIMUM", "f32[2,1,1,1,1];f32[1]", "f32[2,1,1,1,1]", 3},
        Case{"FLOOR_DIV", "f32[2];f32[2]", "f32[2]", 2},
        Case{"FLOOR_DIV", "i16[2];i16[2]", "i16[2]", 3},
        Case{"FLOOR_DIV", "i32[2];i32[2]", "i32[2]", 1},
        Case{"FLOOR_MOD", "i8[2];i8[2]", "i8[2]", 2}, Case{"ABS", "i32[2]", "i32[2]", 5},
        Case{"ABS", "i16[2]", "i16[2]", 4}, Case{"ABS", "i16[2]Q", "i16[2]Q", 3},
        Case{"SIGN", "i32[2]", "i32[2]", 2}, Case{"SIN", "f16[2]", "f16[2]", 2},
        Case{"EXP", "f16[2]", "f16[2]", 1}, Case{"POW", "f32[2];f32[2]", "f32[2]", 1},
        Case{"GELU {approximate=false}", "f16[2]", "f16[2]", 3},
        Case{"LESS", "i16[2];i16[2]", "bool[2]", 3}, Case{"EQUAL", "i16[2];i16[2]", "bool[2]", 5},
        Case{"GREATER", "i16[2];i16[2]", "bool[2]", 1},
        Case{"NOT_EQUAL", "i16[2];i16[2]", "bool[2]", 4}));

INSTANTIATE_TEST_SUITE_P(
    Kernels, OpVersions,
    testing::Values(
        Case{CONV("CONV_2D", "1"), "f32[1,4,4,2];f32[3,1,1,2];f32[3]", "f32[1,4,4,3]", 1},
        Case{CONV("CONV_2D", "2"), "f32[1,4,4,2];f32[3,1,1,2];f32[3]", "f32[1,4,4,3]", 1},
        Case{CONV("CONV_2D", "1"), "f32[1,4,4,4];f32[4,1,1,2];f32[4]", "f32[1,4,4,4]", 6},
        Case{CONV("CONV_2D", "1"), "f32[1,4,4,2];i8[3,1,1,2]Q3;f32[3]", "f32[1,4,4,3]", 5},
        Case{CONV("CONV_2D", "1"), "f32[1,4,4,2];i8[3,1,1,2]Q;f32[3]", "f32[1,4,4,3]", 2},
        Case{CONV("CONV_2D", "1"), "i8[1,4,4,2]Q;i8[3,1,1,2]Q;i32[3]Q", "i8[1,4,4,3]Q", 3},
        Case{CONV("CONV_2D", "1"), "i16[1,4,4,2]Q;i8[3,1,1,2]Q;i64[3]Q", "i16[1,4,4,3]Q", 8},
        Case{CONV("DEPTHWISE_CONV_2D", "1"), "f32[1,4,4,2];f32[1,1,1,2];f32[2]", "f32[1,4,4,2]", 1},
        Case{CONV("DEPTHWISE_CONV_2D", "2"), "f32[1,4,4,2];f32[1,1,1,2];f32[2]", "f32[1,4,4,2]", 2},
        Case{CONV("DEPTHWISE_CONV_2D", "2"), "i8[1,4,4,2]Q;i8[1,1,1,2]Q;i32[2]Q", "i8[1,4,4,2]Q",
             3},
        Case{"FULLY_CONNECTED", "f32[2,3];f32[4,3];f32[4]", "f32[2,4]", 1},
        Case{"FULLY_CONNECTED", "f32[2,3];f32[4,3]", "f32[2,4]", 6},
        Case{"FULLY_CONNECTED {keep_num_dims=true}", "f32[2,3];f32[4,3];f32[4]", "f32[2,4]", 5},
        Case{"FULLY_CONNECTED", "f32[2,3];i8[3,3]Q3;f32[3]", "f32[2,3]", 12},
        Case{"FULLY_CONNECTED", "f32[2,3];i8[3,3]Q;f32[3]", "f32[2,3]", 3},
        Case{"TRANSPOSE_CONV {padding=\"SAME\", stride_w=1, stride_h=1}",
             "i32[4];f32[3,1,1,2];f32[1,4,4,2]", "f32[1,4,4,3]", 1},
        Case{"TRANSPOSE_CONV {padding=\"SAME\", stride_w=1, stride_h=1}",
             "i32[4];f32[3,1,1,2];f32[1,4,4,2];f32[3]", "f32[1,4,4,3]", 3},
        Case{"TRANSPOSE_CONV {fused_activation_function=\"RELU\", padding=\"SAME\", stride_w=1, "
             "stride_h=1}",
             "i32[4];f32[3,1,1,2];f32[1,4,4,2];f32[3]", "f32[1,4,4,3]", 4},
        Case{"BATCH_MATMUL", "f32[2,3];f32[3,2]", "f32[2,2]", 1},
        Case{"RESIZE_BILINEAR {half_pixel_centers=true}", "f32[1,2,2,1];i32[2]", "f32[1,4,4,1]", 3},
        Case{"RESIZE_BILINEAR {align_corners=true}", "f32[1,2,2,1];i32[2]", "f32[1,4,4,1]", 1},
        Case{"RESIZE_NEAREST_NEIGHBOR {align_corners=true}", "f32[1,2,2,1];i32[2]", "f32[1,4,4,1]",
             3},
        Case{"SOFTMAX {beta=1.0}", "f16[2,3]", "f16[2,3]", 4},
        Case{"SOFTMAX {beta=1.0}", "f32[2,3]", "f32[2,3]", 1}));

INSTANTIATE_TEST_SUITE_P(
    Movement, OpVersions,
    testing::Values(Case{"CAST {out_data_type=\"f32\"}", "i32[2]", "f32[2]", 1},
                    Case{"CAST {out_data_type=\"i8\"}", "i32[2]", "i8[2]", 3},
                    Case{"CAST {out_data_type=\"f32\"}", "f64[2]", "f32[2]", 5},
                    Case{"CAST {out_data_type=\"bf16\"}", "u16[2]", "bf16[2]", 7},
                    Case{"CAST {out_data_type=\"u32\"}", "i32[2]", "u32[2]", 2},
                    Case{"CONCATENATION {axis=0}", "f16[2];f16[2]", "f16[4]", 6},
                    Case{"CONCATENATION {axis=0}", "i64[2];i64[2]", "i64[4]", 1},
                    Case{"SPLIT {num_splits=1}", "i32[];i32[2]", "i32[2]", 3},
                    Case{"PACK {axis=0}", "u32[2];u32[2]", "u32[2,2]", 4},
                    Case{"UNPACK {axis=0, num=1}", "bool[1,2]", "bool[2]", 3},
                    Case{"GATHER {axis=0}", "f32[2];i64[2]", "f32[2]", 1},
                    Case{"GATHER {axis=0}", "f32[2];i16[2]", "f32[2]", 6},
                    Case{"GATHER {axis=1, batch_dims=1}", "f32[2,2];i32[2,1]", "f32[2,1]", 5},
                    Case{"GATHER_ND", "bool[2];i32[1,1]", "bool[1]", 5},
                    Case{"SLICE", "f32[1,1,1,1,2];i32[5];i32[5]", "f32[1,1,1,1,2]", 5},
                    Case{"SLICE", "f32[2];i32[1];i32[1]", "f32[2]", 1},
                    Case{"STRIDED_SLICE", "f32[2];i32[1];i32[1];i32[1]", "f32[2]", 1},
                    Case{"STRIDED_SLICE {new_axis_mask=1}", "f32[2];i32[1];i32[1];i32[1]",
                         "f32[1,2]", 6},
                    Case{"STRIDED_SLICE {offset=true}", "f32[2];i32[1];i32[1];i32[1]", "f32[2]", 8},
                    Case{"TRANSPOSE", "f32[1,1,1,1];i32[4]", "f32[1,1,1,1]", 1},
                    Case{"TRANSPOSE", "f32[1,1,1,1,1];i32[5]", "f32[1,1,1,1,1]", 4},
                    Case{"TRANSPOSE", "f32[1,1,1,1,1,1];i32[6]", "f32[1,1,1,1,1,1]", 6},
                    Case{"TRANSPOSE", "f32[1,1,1,1,1,1,1];i32[7]", "f32[1,1,1,1,1,1,1]", 8},
                    Case{"TRANSPOSE", "f16[2];i32[1]", "f16[2]", 9},
                    Case{"PAD", "f32[1,1,1,1,1];i32[5,2]", "f32[1,1,1,1,1]", 4},
                    Case{"PAD", "bool[2];i32[1,2]", "bool[2]", 5},
                    Case{"FILL", "i32[1];bool[]", "bool[2]", 2},
                    Case{"BROADCAST_TO", "f32[1];i32[1]", "f32[2]", 2},
                    Case{"BROADCAST_TO", "i8[1];i32[1]", "i8[2]", 3},
                    Case{"REVERSE_V2", "bool[2];i32[1]", "bool[2]", 2},
                    Case{"RANGE", "i64[];i64[];i64[]", "i64[2]", 2},
                    Case{"TOPK_V2", "i16[2];i32[]", "i16[1], i32[1]", 3},
                    Case{"ARG_MAX {output_type=\"i32\"}", "bool[2];i32[]", "i32[]", 3},
                    Case{"SELECT_V2", "bool[2];f32[2];f32[2]", "f32[2]", 1},
                    Case{"RESHAPE", "f32[2];i32[1]", "f32[2]", 1}));

}  // namespace
}  // namespace smelt::tflite_export
