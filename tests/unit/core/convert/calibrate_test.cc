#include "core/convert/calibrate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "core/ir/text.h"
#include "tests/unit/core/calibrate/npy_bytes.h"

namespace smelt {
namespace {

using calibrate::Range;
using ::testing::HasSubstr;

ir::Module Parsed(const std::string& text) {
  auto module = ir::Parse(text);
  EXPECT_TRUE(module.ok()) << module.status().ToString();
  return std::move(module).value();
}

// y = x + 1 and a cast of it.
ir::Module Net() {
  return Parsed(R"(module {
  symbol N "x" 0
  graph @main(%0 "x": f32[N,2]) {
    %1 = const f32[1] [1.0]
    %2 = ADD(%0, %1) {} : f32[N,2]
    %3 = CAST(%2) {out_data_type="i32"} : i32[N,2]
    return %2, %3
  }
  signature "serving_default" @main ("x") -> ("y", "whole")
})");
}

CalibrationRequest OnArray(const std::string& shape, const std::vector<float>& values) {
  CalibrationRequest request;
  request.files.push_back(
      {"x.npy", "", calibrate::testing::Bytes(calibrate::testing::Npy("<f4", shape, values)), ""});
  return request;
}

Result<Ranges> Calibrated(const ir::Module& module, const CalibrationRequest& request,
                          const std::set<std::string>& channels_last = {}) {
  return Calibrate(module, request, channels_last, CancelToken());
}

TEST(Calibrate, GivesTheRangesOnTheData) {
  const ir::Module module = Net();
  CalibrationRequest request = OnArray("3, 2", {0, 4, -2, 1, 9, 2});
  const auto ranges = Calibrated(module, request);
  ASSERT_TRUE(ranges.ok()) << ranges.status().ToString();
  const ir::Graph& graph = module.main();
  EXPECT_EQ(ranges->Of(module.main_id(), graph.inputs()[0]), (Range{-2, 9}));
  EXPECT_EQ(ranges->Of(module.main_id(), graph.outputs()[0]), (Range{-1, 10}));
  EXPECT_EQ(ranges->Of(module.main_id(), graph.outputs()[1]), std::nullopt);  // integers
  EXPECT_FALSE(ranges->uncalibrated());
  EXPECT_FALSE(UncalibratedNote(*ranges).has_value());
  request.most_samples = 2;
  EXPECT_EQ(Calibrated(module, request)->Of(module.main_id(), graph.inputs()[0]), (Range{-2, 4}));
  request.method = "average";
  // 0..4, then a twentieth of the way to -2..1.
  EXPECT_EQ(Calibrated(module, request)->Of(module.main_id(), graph.inputs()[0]),
            (Range{0.05 * -2.0, 4 + 0.05 * (1 - 4)}));
}

TEST(Calibrate, FillsTheReport) {
  const ir::Module module = Net();
  CalibrationRequest request =
      OnArray("3, 2", {0, std::nanf(""), -2, -std::numeric_limits<float>::infinity(), 9, 2});
  request.method = "mse";
  const auto ranges = Calibrated(module, request);
  ASSERT_TRUE(ranges.ok()) << ranges.status().ToString();
  v1::Calibration report;
  FillCalibration(module, *ranges, report);
  EXPECT_EQ(report.inputs(), "data");
  EXPECT_EQ(report.method(), "mse");
  EXPECT_EQ(report.samples(), 3U);
  EXPECT_EQ(report.tensors(), 2U);
  EXPECT_EQ(report.nan_elements(), 2U);  // of input and sum
  EXPECT_EQ(report.masked_elements(), 2U);
  ASSERT_EQ(report.input_ranges_size(), 1);
  EXPECT_EQ(report.input_ranges(0).name(), "x");
  EXPECT_EQ(report.input_ranges(0).signature(), "");
  EXPECT_EQ(report.input_ranges(0).min(), -2);
}

TEST(Calibrate, WithoutDataItIsMarked) {
  const ir::Module module = Net();
  CalibrationRequest request;
  const auto once = Calibrated(module, request);
  ASSERT_TRUE(once.ok()) << once.status().ToString();
  EXPECT_TRUE(once->uncalibrated());
  ASSERT_TRUE(UncalibratedNote(*once).has_value());
  EXPECT_EQ(UncalibratedNote(*once)->reason, Reason::kUncalibrated);
  EXPECT_EQ(once->statistics()[0].samples(), 8U);
  const ir::ValueId x = module.main().inputs()[0];
  const auto range = once->Of(module.main_id(), x);
  ASSERT_TRUE(range.has_value());
  EXPECT_LT(range->min, range->max);
  request.threads = 3;
  EXPECT_EQ(Calibrated(module, request)->Of(module.main_id(), x), range);
  request.most_samples = 1;
  EXPECT_NE(Calibrated(module, request)->Of(module.main_id(), x), range);
  v1::Calibration report;
  FillCalibration(module, *once, report);
  EXPECT_EQ(report.inputs(), "seeded");
}

TEST(Calibrate, MeasuresEverySignature) {
  const ir::Module module = Parsed(R"(module {
  graph @main(%0 "x": f32[1,2]) {
    %1 = NEG(%0) {} : f32[1,2]
    return %1
  }
  graph @other(%0 "x": f32[2,2]) {
    %1 = ABS(%0) {} : f32[2,2]
    return %1
  }
  signature "one" @main ("x") -> ("y")
  signature "two" @other ("x") -> ("y")
})");
  const auto ranges = Calibrated(module, OnArray("2, 2", {0, 4, -2, 1}));
  ASSERT_TRUE(ranges.ok()) << ranges.status().ToString();
  EXPECT_EQ(ranges->Of(ir::GraphId{0}, module.graph(ir::GraphId{0}).outputs()[0]), (Range{-4, 2}));
  EXPECT_EQ(ranges->Of(ir::GraphId{1}, module.graph(ir::GraphId{1}).outputs()[0]), (Range{0, 4}));
  v1::Calibration report;
  FillCalibration(module, *ranges, report);
  EXPECT_EQ(report.samples(), 2U);
  EXPECT_EQ(report.tensors(), 4U);
  ASSERT_EQ(report.input_ranges_size(), 2);
  EXPECT_EQ(report.input_ranges(1).signature(), "two");
}

TEST(Calibrate, TurnsDataToTheInputsOrder) {
  const ir::Module module = Parsed(R"(module {
  graph @main(%0 "x": f32[1,1,3,2]) {
    %1 = ABS(%0) {} : f32[1,1,3,2]
    return %1
  }
  signature "serving_default" @main ("x") -> ("y")
})");
  CalibrationRequest request = OnArray("1, 2, 1, 3", {1, 2, 3, 10, 20, 30});
  EXPECT_EQ(Calibrated(module, request, {"x"}).status().reason(), Reason::kCalibrationDataInvalid);
  request.channels_last_data["x"] = false;
  EXPECT_TRUE(Calibrated(module, request, {"x"}).ok());
  request.channels_last_data["x"] = true;
  EXPECT_FALSE(Calibrated(module, request, {"x"}).ok());
}

TEST(Calibrate, RefusesWhatItDoesNotKnow) {
  const ir::Module module = Net();
  CalibrationRequest request = OnArray("1, 2", {1, 2});
  request.method = "max";
  EXPECT_EQ(Calibrated(module, request).status().reason(), Reason::kInvalidArgument);
  request.method = "percentile";
  for (const double percentile : {-1.0, 50.0, 100.5, std::nan("")}) {
    request.percentile = percentile;
    EXPECT_EQ(Calibrated(module, request).status().reason(), Reason::kInvalidArgument)
        << percentile;
  }
  request.percentile = 99;
  EXPECT_TRUE(Calibrated(module, request).ok());
  request.files[0].raw_type = "float";
  EXPECT_EQ(Calibrated(module, request).status().reason(), Reason::kInvalidArgument);
  CancelToken cancel;
  cancel.Cancel();
  EXPECT_EQ(Calibrate(module, OnArray("1, 2", {1, 2}), {}, cancel).status().reason(),
            Reason::kCancelled);
  EXPECT_EQ(Calibrate(module, {}, {}, cancel).status().reason(), Reason::kCancelled);
}

TEST(Calibrate, TellsHowFarItIs) {
  std::vector<std::uint64_t> seen;
  const auto ranges = Calibrate(Net(), OnArray("3, 2", {0, 4, -2, 1, 9, 2}), {}, CancelToken(),
                                [&](std::uint64_t done, std::uint64_t total) {
                                  EXPECT_EQ(total, 3U);
                                  seen.push_back(done);
                                });
  ASSERT_TRUE(ranges.ok());
  EXPECT_EQ(seen.front(), 0U);
  EXPECT_EQ(seen.back(), 3U);
}

}  // namespace
}  // namespace smelt
