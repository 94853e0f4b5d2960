#include "core/convert/layer_errors.h"

#include <algorithm>
#include <utility>

#include "core/convert/tensor_errors.h"

namespace smelt {
namespace {

using NamedValues = std::unordered_map<std::string_view, ir::ValueId>;

// Results of operators by name. A name that several have is the output's; else it has an invalid
// value.
NamedValues NamedResults(const ir::Graph& graph) {
  const std::vector<ir::ValueId> outputs = graph.outputs();
  NamedValues found;
  for (const ir::OpId op : graph) {
    for (const ir::ValueId result : graph.op(op).results) {
      const std::string& name = graph.value(result).name;
      if (name.empty()) continue;
      const auto [at, is_new] = found.emplace(name, result);
      if (is_new) continue;
      const auto is_output = [&](ir::ValueId value) {
        return std::ranges::find(outputs, value) != outputs.end();
      };
      if (is_output(result)) {
        at->second = result;
      } else if (!at->second.valid() || !is_output(at->second)) {
        at->second = ir::ValueId{};
      }
    }
  }
  return found;
}

}  // namespace

std::uint32_t ResultsInRegions(const ir::Module& module, const ir::Graph& graph) {
  std::uint32_t count = 0;
  for (const ir::OpId op : graph) {
    for (const ir::GraphId region : graph.op(op).regions) {
      const ir::Graph& inside = module.graph(region);
      for (const ir::OpId id : inside) {
        count += static_cast<std::uint32_t>(inside.op(id).results.size());
      }
      count += ResultsInRegions(module, inside);
    }
  }
  return count;
}

LayerErrors::LayerErrors(const ir::Graph& source, const ir::Graph& file, const FilePlaces& places,
                         const report::AccuracyLimits& limits, std::uint64_t budget_bytes)
    : limits_(limits), budget_bytes_(budget_bytes) {
  const NamedValues source_values = NamedResults(source);
  const NamedValues file_values = NamedResults(file);
  for (const ir::OpId op : source) {
    for (const ir::ValueId result : source.op(op).results) {
      const auto named = source_values.find(source.value(result).name);
      if (named == source_values.end() || named->second != result) {
        ++unmatched_.unnamed;
      } else {
        AddLayer(source, result, places, file_values);
      }
    }
  }
}

void LayerErrors::AddLayer(const ir::Graph& source, ir::ValueId value, const FilePlaces& places,
                           const NamedValues& file_values) {
  const auto place = places.find(source.value(value).name);
  const auto file =
      place == places.end() ? file_values.end() : file_values.find(place->second.tensor);
  if (file == file_values.end() || !file->second.valid()) {
    ++unmatched_.missing;
    return;
  }
  if (place->second.is_regrouped) {
    ++unmatched_.regrouped;
    return;
  }
  by_source_[value.index] = layers_.size();
  by_file_[file->second.index] = layers_.size();
  Layer& layer = layers_.emplace_back();
  layer.source = value;
  layer.file = file->second;
  layer.place = place->second;
}

void LayerErrors::Keep(ir::ValueId source, const interp::Tensor& tensor) {
  const auto found = by_source_.find(source.index);
  if (found == by_source_.end()) return;
  if (tensor.bytes().size() > budget_bytes_ - kept_bytes_) {
    layers_[found->second].is_over_budget = true;
    return;
  }
  kept_bytes_ += tensor.bytes().size();
  kept_[found->second] = tensor;
}

void LayerErrors::Compare(ir::ValueId file, const interp::Tensor& tensor) {
  const auto found = by_file_.find(file.index);
  if (found == by_file_.end()) return;
  const auto kept = kept_.find(found->second);
  if (kept == kept_.end()) return;
  Layer& layer = layers_[found->second];
  if (const auto errors = CompareTensors(kept->second, tensor, layer.place.order)) {
    if (layer.errors.samples() == 0) layer.type = TypeText(kept->second);
    layer.errors.Add(errors->metrics);
    layer.verdict.Add(report::Judge(errors->metrics, errors->exact, limits_));
  }
  kept_bytes_ -= kept->second.bytes().size();
  kept_.erase(kept);
}

void LayerErrors::EndSample() {
  kept_.clear();
  kept_bytes_ = 0;
}

void LayerErrors::StopKeeping() {
  EndSample();
  budget_bytes_ = 0;
}

UncomparedLayers LayerErrors::uncompared() const {
  UncomparedLayers counts = unmatched_;
  for (const Layer& layer : layers_) {
    if (layer.errors.samples() != 0) continue;
    ++(layer.is_over_budget ? counts.over_budget : counts.other_shape);
  }
  return counts;
}

}  // namespace smelt
