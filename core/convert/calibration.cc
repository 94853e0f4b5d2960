#include "core/convert/calibration.h"

#include <optional>
#include <utility>

#include "core/calibrate/calibrator.h"
#include "core/calibrate/method.h"
#include "core/calibrate/sample_stream.h"
#include "core/convert/sample_inputs.h"

namespace smelt {
namespace {

// Noise like verification's, each sample of its own seed.
class SeededSamples final : public calibrate::SampleStream {
 public:
  SeededSamples(const ir::Module& module, const ir::Signature& signature,
                const SampleOptions& kind, std::uint64_t count)
      : module_(module), signature_(signature), kind_(kind), count_(count) {}

  Result<std::optional<calibrate::Sample>> Next() override {
    if (given_ == count_) return std::optional<calibrate::Sample>();
    SampleOptions options = kind_;
    options.seed = kind_.seed + given_++;
    SMELT_ASSIGN_OR_RETURN(calibrate::Sample sample, SampleInputs(module_, signature_, options));
    return std::optional<calibrate::Sample>(std::move(sample));
  }
  std::uint64_t total() const override { return count_; }

 private:
  const ir::Module& module_;
  const ir::Signature& signature_;
  const SampleOptions kind_;
  const std::uint64_t count_;
  std::uint64_t given_ = 0;
};

void AddRanges(const ir::Module& module, ir::GraphId graph,
               const calibrate::Statistics& statistics, passes::ValueRanges& ranges) {
  ranges[graph.index].resize(module.graph(graph).value_count());
  for (std::uint32_t i = 0; i < ranges[graph.index].size(); ++i) {
    const calibrate::TensorStatistics* seen = statistics.Find(graph, ir::ValueId{i});
    if (seen == nullptr) continue;
    passes::ValueRange range;
    range.masked = seen->counts.masked != 0;
    if (const auto chosen = calibrate::ChooseRange(*seen, {})) {
      range.low = static_cast<float>(chosen->min);
      range.high = static_cast<float>(chosen->max);
    }
    ranges[graph.index][i] = ranges[graph.index][i].With(range);
  }
}

// The first kind of samples that the graph runs with is taken.
Result<calibrate::Statistics> MeasureOnNoise(const ir::Module& module,
                                             const ir::Signature& signature,
                                             const CalibrationPlan& plan,
                                             const calibrate::CalibratorOptions& options) {
  Status problem;
  for (const SampleOptions& kind : SampleAttempts()) {
    SeededSamples samples(module, signature, kind, plan.noise_samples);
    auto statistics = calibrate::Calibrate(module, signature, samples, options);
    if (statistics.ok() || statistics.status().reason() == Reason::kCancelled) return statistics;
    if (problem.ok()) problem = statistics.status();
  }
  return Status(Reason::kQuantizationUnsupported,
                "the graph does not run on seeded noise, and there are no data to calibrate with: " +
                    problem.ToString());
}

}  // namespace

Result<passes::ValueRanges> MeasureRanges(const ir::Module& module, const CalibrationPlan& plan,
                                          const CancelToken& cancel) {
  passes::ValueRanges ranges(module.graph_count());
  calibrate::CalibratorOptions options;
  options.threads = plan.threads;
  options.histograms = false;
  options.cancel = &cancel;
  options.progress = plan.progress;
  for (const ir::Signature& signature : module.signatures) {
    SMELT_ASSIGN_OR_RETURN(const calibrate::Statistics statistics,
                           MeasureOnNoise(module, signature, plan, options));
    AddRanges(module, signature.graph, statistics, ranges);
  }
  return ranges;
}

}  // namespace smelt
