#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>

#include "core/export/tflite/runtime_versions.h"
#include "core/ir/op_table.h"

namespace smelt::tflite_export {
namespace {

constexpr std::size_t kMostVersions = 4;

struct Row {
  int code;
  std::array<std::string_view, kMostVersions> runtimes;  // of version 1 and up; "": no such version
};

// Builtins that the IR has no kind for, ordered by number. A row goes when its operator gets one.
// clang-format off
constexpr Row kRows[] = {
    {10, {"1.5"}},  // HASHTABLE_LOOKUP
    {12, {"1.5"}},  // L2_POOL_2D
    {15, {"1.5"}},  // LSH_PROJECTION
    {16, {"1.7", "1.10", "1.14", "2.3"}},  // LSTM
    {24, {"1.5", "1.14", "2.3"}},  // RNN
    {27, {"1.5", "1.14", "2.2", "2.3"}},  // SVDF
    {30, {"1.5"}},  // SKIP_GRAM
    {33, {"1.5"}},  // EMBEDDING_LOOKUP_SPARSE
    {35, {"1.14", "1.14", "2.3"}},  // UNIDIRECTIONAL_SEQUENCE_RNN
    {37, {"1.6", "1.14", "2.3", "2.12"}},  // BATCH_TO_SPACE_ND
    {38, {"1.6", "1.14", "2.3", "2.12"}},  // SPACE_TO_BATCH_ND
    {44, {"1.13.1", "1.14", "2.3", "2.12"}},  // UNIDIRECTIONAL_SEQUENCE_LSTM
    {46, {"1.14", "1.14", "2.3"}},  // BIDIRECTIONAL_SEQUENCE_RNN
    {52, {"1.14", "1.14", "1.14"}},  // BIDIRECTIONAL_SEQUENCE_LSTM
    {68, {"1.9", "1.14", "1.15"}},  // SPARSE_TO_DENSE
    {80, {"1.5", "1.10"}},  // FAKE_QUANT
    {93, {"1.12"}},  // ZEROS_LIKE
    {103, {"1.14"}},  // UNIQUE
    {106, {"1.14"}},  // ADD_N
    {113, {"1.14"}},  // MATRIX_DIAG
    {115, {"1.14"}},  // MATRIX_SET_DIAG
    {121, {"2.1"}},  // NON_MAX_SUPPRESSION_V5
    {124, {"2.2"}},  // DENSIFY
    {125, {"2.2"}},  // SEGMENT_SUM
    {129, {"2.5"}},  // CALL_ONCE
    {131, {"2.5"}},  // RFFT2D
    {133, {"2.5"}},  // IMAG
    {134, {"2.5"}},  // REAL
    {135, {"2.5"}},  // COMPLEX_ABS
    {136, {"2.5"}},  // HASHTABLE
    {137, {"2.5"}},  // HASHTABLE_FIND
    {138, {"2.5"}},  // HASHTABLE_IMPORT
    {139, {"2.5"}},  // HASHTABLE_SIZE
    {142, {"2.6"}},  // VAR_HANDLE
    {143, {"2.6"}},  // READ_VARIABLE
    {144, {"2.6"}},  // ASSIGN_VARIABLE
    {145, {"2.6"}},  // BROADCAST_ARGS
    {146, {"2.8"}},  // RANDOM_STANDARD_NORMAL
    {147, {"2.8"}},  // BUCKETIZE
    {148, {"2.8"}},  // RANDOM_UNIFORM
    {149, {"2.8"}},  // MULTINOMIAL
    {163, {"2.16"}},  // STABLEHLO_ADD
    {165, {"2.16"}},  // STABLEHLO_MULTIPLY
    {166, {"2.16"}},  // STABLEHLO_MAXIMUM
    {181, {"2.16"}},  // STABLEHLO_MINIMUM
    {190, {"2.15"}},  // STABLEHLO_SCATTER
    {195, {"2.16"}},  // STABLEHLO_PAD
    {198, {"2.16"}},  // STABLEHLO_REDUCE_WINDOW
    {201, {"2.16"}},  // STABLEHLO_GATHER
    {203, {"2.15"}},  // DILATE
    {204, {"2.15"}},  // STABLEHLO_RNG_BIT_GENERATOR
    {205, {"2.15"}},  // REDUCE_WINDOW
    {207, {"2.17"}},  // STABLEHLO_SHIFT_LEFT
    {208, {"2.17"}},  // STABLEHLO_CBRT
    {209, {"2.17"}},  // STABLEHLO_CASE
};
// clang-format on

}  // namespace

std::string_view RuntimeVersionOfBuiltin(int code, int version) {
  const auto* row = std::lower_bound(std::begin(kRows), std::end(kRows), code,
                                     [](const Row& a, int wanted) { return a.code < wanted; });
  if (row != std::end(kRows) && row->code == code) {
    const bool listed = version >= 1 && static_cast<std::size_t>(version) <= kMostVersions;
    return listed ? row->runtimes[static_cast<std::size_t>(version) - 1] : std::string_view();
  }
  for (const ir::OpInfo& info : ir::AllOps()) {
    if (ir::IsTfliteBuiltin(info.kind) && static_cast<int>(info.kind) == code) {
      return RuntimeVersionOf(info.kind, version);
    }
  }
  return {};
}

}  // namespace smelt::tflite_export
