#include "core/import/onnx/crop.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "core/import/onnx/graph_order.h"
#include "core/import/onnx/near_names.h"

namespace smelt::onnx_import {
namespace {

class Cropper {
 public:
  Cropper(const CropRange& range, const DeclareFn& declare, onnx::GraphProto& graph)
      : range_(range), declare_(declare), graph_(graph) {
    for (const auto& input : graph.input()) known_.push_back(input.name());
    for (const auto& tensor : graph.initializer()) {
      known_.push_back(tensor.name());
      constants_.insert(tensor.name());
    }
    for (int i = 0; i < graph.node_size(); ++i) {
      for (const std::string& name : graph.node(i).output()) {
        if (name.empty()) continue;
        known_.push_back(name);
        producers_.emplace(name, i);
      }
    }
  }

  Result<std::vector<bool>> Run() {
    SMELT_RETURN_IF_ERROR(CheckNames(range_.from, "from"));
    SMELT_RETURN_IF_ERROR(CheckNames(range_.to, "to"));
    for (const std::string& name : range_.from) {
      if (!constants_.contains(name)) continue;
      return Status(Reason::kInvalidArgument, "\"" + name +
                                                  "\" is a constant of the model, not a "
                                                  "tensor that it computes");
    }
    Reach();
    for (const std::string& name : range_.from) {
      if (reached_.contains(name)) continue;
      return Status(Reason::kInvalidArgument,
                    "nothing that is kept needs \"" + name + "\", where the model was to begin");
    }
    SMELT_RETURN_IF_ERROR(CropInputs());
    CropOutputs();
    return Empty();
  }

 private:
  Status CheckNames(const std::vector<std::string>& names, const char* option) {
    const std::unordered_set<std::string_view> known(known_.begin(), known_.end());
    std::unordered_set<std::string_view> seen;
    for (const std::string& name : names) {
      if (!seen.insert(name).second) {
        return Status(Reason::kInvalidArgument,
                      std::string(option) + " names \"" + name + "\" twice");
      }
      if (known.contains(name)) continue;
      std::string near;
      for (const std::string& one : NearNames(name, known_)) {
        near += (near.empty() ? "\"" : ", \"") + one + "\"";
      }
      return Status(Reason::kUnknownTensorName,
                    "the model has no tensor \"" + name + "\"" +
                        (near.empty() ? "" : "; near names are " + near));
    }
    return Status::Ok();
  }

  // Marks what the kept outputs need, down to where the model is to begin.
  void Reach() {
    keep_.assign(static_cast<std::size_t>(graph_.node_size()), false);
    const std::unordered_set<std::string_view> begin(range_.from.begin(), range_.from.end());
    std::vector<std::string> pending = range_.to;
    if (pending.empty()) {
      for (const auto& output : graph_.output()) pending.push_back(output.name());
    }
    while (!pending.empty()) {
      const std::string name = std::move(pending.back());
      pending.pop_back();
      if (!reached_.insert(name).second || begin.contains(name)) continue;
      const auto maker = producers_.find(name);
      if (maker == producers_.end()) continue;
      const auto at = static_cast<std::size_t>(maker->second);
      if (keep_[at]) continue;
      keep_[at] = true;
      for (const std::string* read : NamesReadBy(graph_.node(maker->second))) {
        pending.push_back(*read);
      }
    }
  }

  const onnx::ValueInfoProto* Declared(const std::string& name) const {
    for (const auto* list : {&graph_.input(), &graph_.value_info(), &graph_.output()}) {
      for (const auto& info : *list) {
        if (info.name() == name && info.has_type()) return &info;
      }
    }
    return nullptr;
  }

  Status CropInputs() {
    const std::unordered_set<std::string_view> begin(range_.from.begin(), range_.from.end());
    google::protobuf::RepeatedPtrField<onnx::ValueInfoProto> inputs;
    for (const std::string& name : range_.from) {
      onnx::ValueInfoProto* input = inputs.Add();
      const onnx::ValueInfoProto* declared = Declared(name);
      if (declared != nullptr && declared->type().tensor_type().has_shape()) {
        *input = *declared;
      } else {
        SMELT_RETURN_IF_ERROR(declare_(name, input));
      }
    }
    for (const auto& input : graph_.input()) {
      if (reached_.contains(input.name()) && !begin.contains(input.name())) *inputs.Add() = input;
    }
    graph_.mutable_input()->Swap(&inputs);
    return Status::Ok();
  }

  // What is declared of other outputs stays known.
  void CropOutputs() {
    if (range_.to.empty()) return;
    google::protobuf::RepeatedPtrField<onnx::ValueInfoProto> outputs;
    for (const std::string& name : range_.to) {
      onnx::ValueInfoProto* output = outputs.Add();
      const onnx::ValueInfoProto* declared = Declared(name);
      if (declared != nullptr) *output = *declared;
      output->set_name(name);
    }
    for (auto& output : *graph_.mutable_output()) *graph_.add_value_info() = std::move(output);
    graph_.mutable_output()->Swap(&outputs);
  }

  std::vector<bool> Empty() {
    const std::unordered_set<std::string_view> begin(range_.from.begin(), range_.from.end());
    std::vector<bool> dropped;
    for (int i = 0; i < graph_.node_size(); ++i) {
      dropped.push_back(!keep_[static_cast<std::size_t>(i)]);
      onnx::NodeProto& node = *graph_.mutable_node(i);
      if (dropped.back()) node.Clear();
      // A node that is kept for another result does not compute what is given.
      for (std::string& name : *node.mutable_output()) {
        if (begin.contains(name)) name.clear();
      }
    }
    google::protobuf::RepeatedPtrField<onnx::TensorProto> initializers;
    for (auto& tensor : *graph_.mutable_initializer()) {
      if (reached_.contains(tensor.name())) *initializers.Add() = std::move(tensor);
    }
    graph_.mutable_initializer()->Swap(&initializers);
    return dropped;
  }

  const CropRange& range_;
  const DeclareFn& declare_;
  onnx::GraphProto& graph_;
  std::vector<std::string> known_;
  std::unordered_set<std::string> constants_;
  std::unordered_map<std::string, int> producers_;
  std::unordered_set<std::string> reached_;
  std::vector<bool> keep_;
};

}  // namespace

Result<std::vector<bool>> CropGraph(const CropRange& range, const DeclareFn& declare,
                                    onnx::GraphProto& graph) {
  return Cropper(range, declare, graph).Run();
}

}  // namespace smelt::onnx_import
