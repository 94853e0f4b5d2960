#include "core/calibrate/calibrator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <thread>

#include "core/calibrate/method.h"
#include "core/ir/text.h"

namespace smelt::calibrate {
namespace {

using interp::Tensor;

ir::Module Parsed(const std::string& text) {
  auto module = ir::Parse(text);
  EXPECT_TRUE(module.ok()) << module.status().ToString();
  return std::move(module).value();
}

Tensor F32(std::vector<std::int64_t> shape, const std::vector<float>& values) {
  Tensor tensor = Tensor::Zeros(ir::DType::kF32, std::move(shape));
  std::copy(values.begin(), values.end(), tensor.mutable_values<float>().begin());
  return tensor;
}

class Samples final : public SampleStream {
 public:
  explicit Samples(std::vector<Sample> samples) : samples_(std::move(samples)) {}
  Result<std::optional<Sample>> Next() override {
    if (next_ == cancels_at) cancel->Cancel();
    if (next_ == fails_at) return Status(Reason::kIoError, "the stream broke");
    if (next_ == samples_.size()) return std::optional<Sample>();
    return std::optional<Sample>(samples_[next_++]);
  }
  std::uint64_t total() const override { return samples_.size(); }

  std::size_t fails_at = SIZE_MAX;
  std::size_t cancels_at = SIZE_MAX;
  CancelToken* cancel = nullptr;

 private:
  std::vector<Sample> samples_;
  std::size_t next_ = 0;
};

std::vector<Sample> Normal(std::size_t count, std::vector<std::int64_t> shape) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal(0.3F, 1);
  std::vector<Sample> samples;
  for (std::size_t i = 0; i < count; ++i) {
    Tensor tensor = Tensor::Zeros(ir::DType::kF32, shape);
    for (float& x : tensor.mutable_values<float>()) {
      x = normal(random) * static_cast<float>(1 + i % 7);
    }
    samples.push_back({tensor});
  }
  return samples;
}

// A sum with a constant, its softmax, and where its largest is.
const char* const kNet = R"(module {
  graph @main(%0 "x": f32[1,4]) {
    %1 = const f32[4] [1.0, -2.0, 0.5, 0.0]
    %2 = ADD(%0, %1) {} : f32[1,4]
    %3 = SOFTMAX(%2) {beta=1.0} : f32[1,4]
    %4 = const i32[] [1]
    %5 = ARG_MAX(%3, %4) {output_type="i32"} : i32[1]
    return %3, %5
  }
  signature "serving_default" @main ("x") -> ("y", "best")
})";

// Everything that is known of each tensor.
void ExpectEqual(const ir::Module& module, const Statistics& a, const Statistics& b) {
  EXPECT_EQ(a.samples(), b.samples());
  int compared = 0;
  for (std::uint32_t g = 0; g < module.graph_count(); ++g) {
    const ir::GraphId graph{g};
    for (std::uint32_t v = 0; v < module.graph(graph).value_count(); ++v) {
      const TensorStatistics* one = a.Find(graph, ir::ValueId{v});
      const TensorStatistics* other = b.Find(graph, ir::ValueId{v});
      ASSERT_EQ(one == nullptr, other == nullptr) << v;
      if (one == nullptr) continue;
      EXPECT_EQ(one->counts, other->counts);
      EXPECT_EQ(one->extremes, other->extremes);
      EXPECT_EQ(one->average, other->average);
      EXPECT_EQ(one->histogram, other->histogram);
      ++compared;
    }
  }
  EXPECT_GT(compared, 0);
}

TEST(Calibrator, SeesInputsAndResultsButNoIntegersOrConstants) {
  const ir::Module module = Parsed(kNet);
  Samples samples({{F32({1, 4}, {1, 2, 3, 4})}, {F32({1, 4}, {-1, 0, 5, 2})}});
  const auto statistics = Calibrate(module, module.signatures[0], samples);
  ASSERT_TRUE(statistics.ok()) << statistics.status().ToString();
  EXPECT_EQ(statistics->samples(), 2U);
  const ir::Graph& graph = module.main();
  const ir::ValueId x = graph.inputs()[0];
  const ir::ValueId sum = graph.op(graph.first()).result();
  const ir::ValueId constant = graph.op(graph.first()).input(1);
  ASSERT_NE(statistics->Find(module.main_id(), x), nullptr);
  EXPECT_EQ(statistics->Find(module.main_id(), x)->extremes, (Range{-1, 5}));
  EXPECT_EQ(statistics->Find(module.main_id(), x)->counts.measured, 8U);
  EXPECT_EQ(statistics->Find(module.main_id(), sum)->extremes, (Range{-2, 5.5}));
  const TensorStatistics* y = statistics->Find(module.main_id(), graph.outputs()[0]);
  ASSERT_NE(y, nullptr);
  EXPECT_GT(y->extremes->min, 0);
  EXPECT_LT(y->extremes->max, 1);
  EXPECT_EQ(statistics->Find(module.main_id(), graph.outputs()[1]), nullptr);
  EXPECT_EQ(statistics->Find(module.main_id(), constant), nullptr);
}

TEST(Calibrator, IsTheSameForAnyNumberOfThreads) {
  const ir::Module module = Parsed(kNet);
  const std::vector<Sample> data = Normal(100, {1, 4});
  Samples alone(data);
  const auto reference = Calibrate(module, module.signatures[0], alone);
  ASSERT_TRUE(reference.ok());
  for (const unsigned threads : {2U, 3U, 8U}) {
    Samples samples(data);
    const auto statistics = Calibrate(module, module.signatures[0], samples, {.threads = threads});
    ASSERT_TRUE(statistics.ok());
    ExpectEqual(module, *reference, *statistics);
  }
}

// All but the average, which is one over the samples' order.
TEST(Calibrator, IsTheSameForAnyOrder) {
  const ir::Module module = Parsed(kNet);
  std::vector<Sample> data = Normal(60, {1, 4});
  Samples forwards(data);
  std::ranges::reverse(data);
  Samples backwards(data);
  const auto one = Calibrate(module, module.signatures[0], forwards);
  const auto other = Calibrate(module, module.signatures[0], backwards);
  ASSERT_TRUE(one.ok() && other.ok());
  const ir::ValueId sum = module.main().op(module.main().first()).result();
  const TensorStatistics* a = one->Find(module.main_id(), sum);
  const TensorStatistics* b = other->Find(module.main_id(), sum);
  EXPECT_EQ(a->counts, b->counts);
  EXPECT_EQ(a->extremes, b->extremes);
  EXPECT_EQ(a->histogram, b->histogram);
  EXPECT_NE(a->average, b->average);
}

TEST(Calibrator, AveragesOverSamplesInOrder) {
  const ir::Module module = Parsed(kNet);
  Samples samples(
      {{F32({1, 4}, {0, 0, 0, 8})}, {F32({1, 4}, {-4, 0, 0, 4})}, {F32({1, 4}, {-8, 0, 0, 0})}});
  const auto statistics =
      Calibrate(module, module.signatures[0], samples, {.threads = 2, .average_weight = 0.25});
  ASSERT_TRUE(statistics.ok());
  const auto* x = statistics->Find(module.main_id(), module.main().inputs()[0]);
  EXPECT_EQ(x->average, (Range{-2.75, 5.25}));
  EXPECT_EQ(x->extremes, (Range{-8, 8}));
}

TEST(Calibrator, CountsNoHistogramsWhereNoneAreWanted) {
  const ir::Module module = Parsed(kNet);
  Samples samples(Normal(2, {1, 4}));
  const auto statistics = Calibrate(module, module.signatures[0], samples, {.histograms = false});
  ASSERT_TRUE(statistics.ok());
  const auto* x = statistics->Find(module.main_id(), module.main().inputs()[0]);
  EXPECT_TRUE(x->histogram.counts().empty());
  EXPECT_TRUE(x->extremes.has_value());
}

TEST(Calibrator, AMaskDoesNotWidenWhatItIsAddedTo) {
  const ir::Module module = Parsed(R"(module {
  graph @main(%0 "x": f32[1,4]) {
    %1 = const f32[4] [0.0, -3e38, 0.0, 0.0]
    %2 = ADD(%0, %1) {} : f32[1,4]
    return %2
  }
  signature "serving_default" @main ("x") -> ("y")
})");
  Samples samples({{F32({1, 4}, {1, 2, 3, 4})}});
  const auto statistics = Calibrate(module, module.signatures[0], samples);
  ASSERT_TRUE(statistics.ok());
  const auto* y = statistics->Find(module.main_id(), module.main().outputs()[0]);
  EXPECT_EQ(y->extremes, (Range{1, 4}));
  EXPECT_EQ(y->counts.masked, 1U);
}

TEST(Calibrator, SeesWhatControlFlowRuns) {
  const ir::Module module = Parsed(R"(module {
  graph @small(%0 "s": f32[1]) {
    %1 = const f32[1] [100.0]
    %2 = LESS(%0, %1) {} : bool[1]
    return %2
  }
  graph @twice(%0 "s": f32[1]) {
    %1 = ADD(%0, %0) {} : f32[1]
    return %1
  }
  graph @main(%0 "x": f32[1]) {
    %1 = WHILE(%0) {} regions(@small, @twice) : f32[1]
    return %1
  }
  signature "serving_default" @main ("x") -> ("y")
})");
  Samples samples({{F32({1}, {1})}, {F32({1}, {3})}, {F32({1}, {200})}});
  const auto statistics = Calibrate(module, module.signatures[0], samples, {.threads = 2});
  ASSERT_TRUE(statistics.ok()) << statistics.status().ToString();
  const ir::GraphId body{1};
  const ir::Graph& twice = module.graph(body);
  // 1, 2, ... 64 and 3, 6, ... 96; the third does not enter the body.
  const auto* in = statistics->Find(body, twice.inputs()[0]);
  const auto* out = statistics->Find(body, twice.outputs()[0]);
  ASSERT_NE(in, nullptr);
  ASSERT_NE(out, nullptr);
  EXPECT_EQ(in->extremes, (Range{1, 96}));
  EXPECT_EQ(in->counts.measured, 13U);
  EXPECT_EQ(out->extremes, (Range{2, 192}));
  // One entry a sample: that of the second moves the first's.
  EXPECT_EQ(in->average, (Range{1 + 0.05 * 2, 64 + 0.05 * 32}));
  const ir::GraphId main = module.signatures[0].graph;
  EXPECT_EQ(statistics->Find(main, module.graph(main).outputs()[0])->extremes, (Range{128, 200}));
}

TEST(Calibrator, TakesEmptyTensors) {
  const ir::Module module = Parsed(R"(module {
  symbol N "x" 0
  graph @main(%0 "x": f32[N,2]) {
    %1 = ABS(%0) {} : f32[N,2]
    return %1
  }
  signature "serving_default" @main ("x") -> ("y")
})");
  const ir::ValueId y = module.main().outputs()[0];
  Samples empty({{F32({0, 2}, {})}});
  const auto none = Calibrate(module, module.signatures[0], empty);
  ASSERT_TRUE(none.ok()) << none.status().ToString();
  ASSERT_NE(none->Find(module.main_id(), y), nullptr);
  EXPECT_EQ(none->Find(module.main_id(), y)->extremes, std::nullopt);
  EXPECT_EQ(none->Find(module.main_id(), y)->average, std::nullopt);
  Samples mixed({{F32({0, 2}, {})}, {F32({1, 2}, {-4, 3})}});
  const auto some = Calibrate(module, module.signatures[0], mixed);
  ASSERT_TRUE(some.ok());
  EXPECT_EQ(some->Find(module.main_id(), y)->extremes, (Range{3, 4}));
}

TEST(Calibrator, TheFirstSampleThatFailsDecides) {
  const ir::Module module = Parsed(kNet);
  for (const unsigned threads : {1U, 4U}) {
    std::vector<Sample> data = Normal(40, {1, 4});
    data[17] = {F32({1, 3}, {1, 2, 3})};
    data[30] = {};
    Samples samples(data);
    samples.fails_at = 35;
    const auto statistics = Calibrate(module, module.signatures[0], samples, {.threads = threads});
    ASSERT_FALSE(statistics.ok());
    EXPECT_EQ(statistics.status().reason(), Reason::kInvalidArgument);
    EXPECT_THAT(statistics.status().ToString(), ::testing::HasSubstr("calibration sample 17"));
    EXPECT_THAT(statistics.status().ToString(), ::testing::HasSubstr("f32[1,3]"));
  }
  Samples broken(Normal(40, {1, 4}));
  broken.fails_at = 5;
  EXPECT_EQ(Calibrate(module, module.signatures[0], broken, {.threads = 4}).status().reason(),
            Reason::kIoError);
}

TEST(Calibrator, RefusesNoSamples) {
  const ir::Module module = Parsed(kNet);
  Samples samples({});
  EXPECT_EQ(Calibrate(module, module.signatures[0], samples).status().reason(),
            Reason::kInvalidArgument);
}

TEST(Calibrator, StopsWhenItIsCancelled) {
  const ir::Module module = Parsed(kNet);
  for (const unsigned threads : {1U, 4U}) {
    Samples samples(Normal(1000, {1, 4}));
    CancelToken cancel;
    samples.cancel = &cancel;
    samples.cancels_at = 3;
    CalibratorOptions options;
    options.threads = threads;
    options.cancel = &cancel;
    EXPECT_EQ(Calibrate(module, module.signatures[0], samples, options).status().reason(),
              Reason::kCancelled);
  }
}

TEST(Calibrator, TellsHowFarItIs) {
  const ir::Module module = Parsed(kNet);
  for (const unsigned threads : {1U, 4U}) {
    Samples samples(Normal(25, {1, 4}));
    std::uint64_t last = 0;
    CalibratorOptions options;
    options.threads = threads;
    const std::thread::id here = std::this_thread::get_id();
    options.progress = [&](std::uint64_t done, std::uint64_t total) {
      EXPECT_EQ(std::this_thread::get_id(), here);
      EXPECT_GE(done, last);
      EXPECT_EQ(total, 25U);
      last = done;
    };
    ASSERT_TRUE(Calibrate(module, module.signatures[0], samples, options).ok());
    EXPECT_EQ(last, 25U);
  }
}

}  // namespace
}  // namespace smelt::calibrate
