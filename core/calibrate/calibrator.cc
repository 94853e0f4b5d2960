#include "core/calibrate/calibrator.h"

#include <exception>
#include <new>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "core/calibrate/sample_turns.h"
#include "core/calibrate/tensor_sink.h"

namespace smelt::calibrate {
namespace {

// What the threads share.
struct Shared {
  const ir::Module& module;
  const ir::Signature& signature;
  const CalibratorOptions& options;
  SampleTurns turns;
  StatisticsLocks statistics;
};

Status RunSample(Shared& shared, TensorSink& sink, const Sample& sample) {
  interp::EvaluateOptions evaluate;
  evaluate.kernels = shared.options.kernels;
  evaluate.cancel = shared.options.cancel;
  evaluate.observed = interp::Observed::kEveryGraph;
  evaluate.observe = [&sink](ir::GraphId graph, ir::ValueId value, const interp::Tensor& tensor) {
    sink.Add(graph, value, tensor);
  };
  return interp::Evaluate(shared.module, shared.signature.graph, sample, evaluate).status();
}

// The library's doors are closed to exceptions, and a thread's must be.
template <class Work>
Status Guarded(const Work& work) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return Status(Reason::kOutOfMemory, "memory ran out while calibrating",
                  "Calibrate on smaller samples, or with fewer threads.");
  } catch (const std::exception& error) {
    return Status(Reason::kInternalError, std::string("unexpected exception: ") + error.what());
  }
}

// Takes samples until there are none. `after` is called behind each of this thread's.
template <class After>
void RunSamples(Shared& shared, const After& after) {
  TensorSink sink(shared.statistics);
  while (auto taken = shared.turns.Take()) {
    Status done = std::move(taken->status);
    if (done.ok()) {
      done = Guarded([&] { return RunSample(shared, sink, taken->sample); });
    }
    if (!done.ok()) {
      done = std::move(done).WithContext("calibration sample " + std::to_string(taken->index));
    }
    const bool goes_on = shared.turns.Finish(
        taken->index, std::move(done), [&] { sink.EndSample(shared.options.average_weight); });
    if (!goes_on) return;
    after();
  }
}

template <class After>
void RunGuarded(Shared& shared, const After& after) {
  Status done = Guarded([&] {
    after();
    RunSamples(shared, after);
    return Status::Ok();
  });
  if (!done.ok()) shared.turns.Fail(std::move(done));
}

}  // namespace

Result<Statistics> Calibrate(const ir::Module& module, const ir::Signature& signature,
                             SampleStream& samples, const CalibratorOptions& options) {
  Statistics statistics(module);
  Shared shared{module, signature, options, SampleTurns(samples, options.cancel),
                StatisticsLocks(statistics, options.histograms)};
  const auto report = [&] {
    if (options.progress) options.progress(shared.turns.finished(), samples.total());
  };
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < options.threads; ++i) {
    try {
      threads.emplace_back([&shared] { RunGuarded(shared, [] {}); });
    } catch (const std::system_error&) {
      break;  // no more threads to be had
    }
  }
  RunGuarded(shared, report);
  for (std::thread& thread : threads) thread.join();
  SMELT_RETURN_IF_ERROR(shared.turns.failure());
  if (shared.turns.finished() == 0) {
    return Status(Reason::kInvalidArgument, "there is no sample to calibrate with");
  }
  report();
  statistics.SetSamples(shared.turns.finished());
  return statistics;
}

}  // namespace smelt::calibrate
