// SignatureAccuracy: one entry point of a source and of the file written from it, run on the same
// seeded samples and compared. One thread; borrows what it is made from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/cancel_token.h"
#include "core/base/status.h"
#include "core/convert/accuracy.h"
#include "core/convert/layer_errors.h"
#include "core/convert/output_errors.h"
#include "core/convert/sample_inputs.h"
#include "core/interp/evaluate.h"

namespace smelt {

class SignatureAccuracy {
 public:
  // Signature `place` of both modules.
  SignatureAccuracy(const ir::Module& source, const ir::Module& file, std::size_t place,
                    const AccuracyPlan& plan, const CancelToken& cancel);

  // kCancelled. The first kind of samples that the source runs with is taken. `pool` gets the pairs
  // of all outputs of floats.
  Status Run(report::ErrorSums& pool);

  std::uint32_t samples() const { return samples_; }         // that were compared
  std::int64_t largest_int() const { return largest_int_; }  // that inputs were drawn from
  // Why nothing was compared, or that the file did not run; else empty.
  std::string problem() const;
  // Adds outputs and layers.
  void Fill(v1::AccuracyReport& report) const;

 private:
  using Tensors = std::vector<interp::Tensor>;

  const ir::Graph& source_graph() const { return source_.graph(signature_.graph); }
  const ir::Graph& file_graph() const { return file_.graph(file_graph_); }
  std::string key() const { return source_.signatures.size() > 1 ? signature_.key : ""; }
  void Begin();
  Status RunGuarded(const SampleOptions& sample, report::ErrorSums& pool);
  Status RunSample(const SampleOptions& sample, report::ErrorSums& pool);
  Result<Tensors> Evaluate(const ir::Module& module, ir::GraphId graph, const Tensors& inputs,
                           interp::ResultObserver observe) const;
  void FillOutputs(v1::AccuracyReport& report) const;
  void FillLayer(const Layer& layer, v1::AccuracyReport& report) const;

  const ir::Module& source_;
  const ir::Module& file_;
  const ir::Signature& signature_;
  const ir::GraphId file_graph_;
  const FilePlaces places_;
  const AccuracyPlan& plan_;
  const report::AccuracyLimits& limits_;
  const CancelToken& cancel_;
  std::uint32_t samples_ = 0;
  std::int64_t largest_int_ = 0;
  std::vector<OutputErrors> outputs_;
  std::optional<LayerErrors> layers_;
  std::string source_problem_;  // why a sample did not run
  std::string file_problem_;
};

}  // namespace smelt
