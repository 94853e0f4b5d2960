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
  // Signature `place` of both sides.
  SignatureAccuracy(const ir::Module& source, const WrittenSide& file, std::size_t place,
                    const AccuracyPlan& plan, const CancelToken& cancel);

  // kCancelled. The first kind of samples that the source runs with is taken.
  Status Run();

  std::uint32_t samples() const { return samples_; }         // that were compared
  std::int64_t largest_int() const { return largest_int_; }  // that inputs were drawn from
  const report::ErrorSums& pool() const { return pool_; }    // the pairs of all outputs of floats
  // Why nothing was compared, or that the file did not run; else empty.
  std::string problem() const;
  // Why the source did not run with some sample; empty when it ran with all of the kind taken.
  const std::string& source_problem() const { return source_problem_; }
  // Adds outputs and layers.
  void Fill(v1::AccuracyReport& report) const;

 private:
  using Tensors = std::vector<interp::Tensor>;

  const ir::Graph& source_graph() const { return source_.graph(signature_.graph); }
  // Null: the artifact is in parts.
  const ir::Graph* file_graph() const {
    return file_.module == nullptr ? nullptr
                                   : &file_.module->graph(file_.module->signatures[place_].graph);
  }
  std::string key() const { return source_.signatures.size() > 1 ? signature_.key : ""; }
  void Begin();
  Status RunGuarded(const SampleOptions& sample);
  Status RunSample(const SampleOptions& sample);
  Result<Tensors> RunFile(const Tensors& inputs);
  Result<Tensors> Evaluate(const ir::Module& module, ir::GraphId graph, const Tensors& inputs,
                           interp::ResultObserver observe) const;
  void FillOutputs(v1::AccuracyReport& report) const;
  void FillLayer(const Layer& layer, v1::AccuracyReport& report) const;

  const ir::Module& source_;
  const WrittenSide& file_;
  const std::size_t place_;
  const ir::Signature& signature_;
  const FilePlaces places_;
  const AccuracyPlan& plan_;
  const report::AccuracyLimits& limits_;
  const CancelToken& cancel_;
  std::uint32_t samples_ = 0;
  std::int64_t largest_int_ = 0;
  std::vector<OutputErrors> outputs_;
  report::ErrorSums pool_;
  std::optional<LayerErrors> layers_;  // none of an artifact in parts
  bool is_file_running_ = false;
  std::string source_problem_;  // why a sample did not run
  std::string file_problem_;
};

}  // namespace smelt
