// FunctionBody: an ONNX function as one call sees it: a graph without types whose attribute
// references are replaced by the call's values. Owns its nodes; payloads are shared.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/import/onnx/tensor_payload.h"

namespace onnx {
class AttributeProto;
class FunctionProto;
class GraphProto;
class NodeProto;
}  // namespace onnx

namespace smelt::onnx_import {

using OpsetMap = std::map<std::string, std::uint32_t>;  // "" is the default domain

// A function and where the payloads of its tensors lie.
struct Function {
  std::shared_ptr<const onnx::FunctionProto> proto;
  // The values of attributes that a call leaves out.
  std::vector<onnx::AttributeProto> defaults;
  PayloadSource payloads;
  std::shared_ptr<const std::vector<TensorSpan>> own_spans;  // when they are not the model's

  Function();
  ~Function();
  Function(const Function&);
  Function(Function&&) noexcept;
  Function& operator=(const Function&) = delete;
  Function& operator=(Function&&) noexcept;
};

struct FunctionBody {
  std::unique_ptr<onnx::GraphProto> graph;
  OpsetMap opsets;  // the function's own imports before the model's

  FunctionBody();
  ~FunctionBody();
  FunctionBody(FunctionBody&&) noexcept;
};

FunctionBody BindFunction(const Function& function, const onnx::NodeProto& call,
                          const OpsetMap& model_opsets);

}  // namespace smelt::onnx_import
