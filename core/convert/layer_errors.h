// LayerErrors: how far each result of a source's graph is from the tensor of the file that holds
// it, over several samples.
//
// A sample is a run of the source, whose results are kept, and then one of the file, whose results
// are compared as they come. One thread. The graphs outlive the object.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/convert/file_places.h"
#include "core/interp/tensor.h"
#include "core/report/accuracy_limits.h"
#include "core/report/error_metrics.h"

namespace smelt {

struct Layer {
  ir::ValueId source;  // in the source's graph
  ir::ValueId file;    // in the file's
  FilePlace place;
  std::string type;            // of the source, in the first sample that compared it
  report::ErrorSeries errors;  // without samples: it was never compared
  report::AccuracyVerdict verdict;
  bool is_over_budget = false;  // in some sample
};

// Results of the source's operators that were not compared, by cause.
struct UncomparedLayers {
  std::uint32_t unnamed = 0;  // or with the name of another
  std::uint32_t missing = 0;  // no tensor of the file that an operator computes
  std::uint32_t regrouped = 0;
  std::uint32_t other_shape = 0;
  std::uint32_t over_budget = 0;
};

// Results of operators in the regions of a graph's operators, which its run does not show.
std::uint32_t ResultsInRegions(const ir::Module& module, const ir::Graph& graph);

class LayerErrors {
 public:
  // Keeps tensors of up to `budget_bytes` together; what comes when they are taken is not compared.
  LayerErrors(const ir::Graph& source, const ir::Graph& file, const FilePlaces& places,
              const report::AccuracyLimits& limits, std::uint64_t budget_bytes);

  void Keep(ir::ValueId source, const interp::Tensor& tensor);
  void Compare(ir::ValueId file, const interp::Tensor& tensor);
  void EndSample();
  // Lets go of what is kept, and keeps nothing from now on.
  void StopKeeping();

  // In the source's program order.
  std::span<const Layer> layers() const { return layers_; }
  UncomparedLayers uncompared() const;

 private:
  void AddLayer(const ir::Graph& source, ir::ValueId value, const FilePlaces& places,
                const std::unordered_map<std::string_view, ir::ValueId>& file_values);

  const report::AccuracyLimits& limits_;
  std::uint64_t budget_bytes_;
  std::vector<Layer> layers_;
  std::unordered_map<std::uint32_t, std::size_t> by_source_, by_file_;  // value -> layer
  std::unordered_map<std::size_t, interp::Tensor> kept_;                // by layer
  std::uint64_t kept_bytes_ = 0;
  UncomparedLayers unmatched_;  // unnamed, missing and regrouped ones
};

}  // namespace smelt
