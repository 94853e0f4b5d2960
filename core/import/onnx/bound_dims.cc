#include "core/import/onnx/bound_dims.h"

#include <onnx/onnx_pb.h>

#include <utility>
#include <vector>

#include "core/import/onnx/declared_type.h"

namespace smelt::onnx_import {
namespace {

class Binding {
 public:
  explicit Binding(const onnx::GraphProto& graph) {
    for (const auto& info : graph.input()) {
      if (auto type = ReadDeclaredType(info); type.ok()) inputs_[info.name()] = *std::move(type);
    }
  }

  Status AddNamed(const std::string& name, std::int64_t size) {
    std::string known;
    for (const auto& [input, type] : inputs_) {
      for (std::size_t axis = 0; axis < type.dims.size(); ++axis) {
        if (type.dims[axis].size) continue;
        const std::string symbol = DimName(input, static_cast<int>(axis), type.dims[axis]);
        if (symbol == name) return Bind(name, size);
        known += (known.empty() ? "" : ", ") + symbol;
      }
    }
    return Status(Reason::kUnknownDimensionName,
                  "no input has a dimension called \"" + name + "\"; there is " +
                      (known.empty() ? "no symbolic dimension at all" : known));
  }

  Status AddShape(const std::string& input, const std::vector<std::int64_t>& sizes) {
    const auto found = inputs_.find(input);
    if (found == inputs_.end()) {
      std::string known;
      for (const auto& [name, type] : inputs_) known += (known.empty() ? "" : ", ") + name;
      return Status(Reason::kInvalidArgument,
                    "no input is called \"" + input + "\"; there is " + known);
    }
    const std::vector<DeclaredDim>& dims = found->second.dims;
    if (dims.size() != sizes.size()) {
      return Status(Reason::kInvalidArgument, "input \"" + input + "\" has " +
                                                  std::to_string(dims.size()) + " axes, not " +
                                                  std::to_string(sizes.size()));
    }
    for (std::size_t axis = 0; axis < dims.size(); ++axis) {
      if (sizes[axis] == -1 || dims[axis].size == sizes[axis]) continue;
      if (dims[axis].size) {
        return Status(Reason::kInvalidArgument,
                      "axis " + std::to_string(axis) + " of input \"" + input + "\" has size " +
                          std::to_string(*dims[axis].size) + " in the model, not " +
                          std::to_string(sizes[axis]),
                      "Only symbolic dimensions can be given a size: export with a dynamic axis.");
      }
      SMELT_RETURN_IF_ERROR(Bind(DimName(input, static_cast<int>(axis), dims[axis]), sizes[axis]));
    }
    return Status::Ok();
  }

  Status AddBatch(std::int64_t size) {
    for (const auto& [input, type] : inputs_) {
      if (type.dims.empty() || type.dims.front().size) continue;
      SMELT_RETURN_IF_ERROR(Bind(DimName(input, 0, type.dims.front()), size));
    }
    return Status::Ok();
  }

  std::map<std::string, std::int64_t> Take() { return std::move(bound_); }

 private:
  Status Bind(const std::string& name, std::int64_t size) {
    if (size < 0) {
      return Status(Reason::kInvalidArgument,
                    "dimension " + name + " can't be " + std::to_string(size));
    }
    const auto [at, is_new] = bound_.emplace(name, size);
    if (is_new || at->second == size) return Status::Ok();
    return Status(Reason::kInvalidArgument, "dimension " + name + " is given two sizes, " +
                                                std::to_string(at->second) + " and " +
                                                std::to_string(size));
  }

  std::map<std::string, DeclaredType> inputs_;
  std::map<std::string, std::int64_t> bound_;
};

}  // namespace

Result<std::map<std::string, std::int64_t>> BindDims(const onnx::GraphProto& graph,
                                                     const EntryPoint& entry) {
  Binding binding(graph);
  for (const auto& [name, size] : entry.dims) {
    SMELT_RETURN_IF_ERROR(binding.AddNamed(name, size));
  }
  for (const auto& [input, sizes] : entry.input_shapes) {
    SMELT_RETURN_IF_ERROR(binding.AddShape(input, sizes));
  }
  if (entry.batch != 0) SMELT_RETURN_IF_ERROR(binding.AddBatch(entry.batch));
  return binding.Take();
}

}  // namespace smelt::onnx_import
