// Extract: collects some nodes of a graph during its walk and makes a model of them alone, small
// enough to send around: weights become pseudo-random numbers of the same type and shape.
//
// Lives for one import; not thread safe. Borrows the model and the payloads.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/import/onnx/importer.h"
#include "core/import/onnx/onnx_node.h"
#include "core/import/onnx/tensor_payload.h"

namespace onnx {
class ModelProto;
class NodeProto;
}  // namespace onnx

namespace smelt::onnx_import {

class Extract {
 public:
  Extract(const std::vector<ir::SourceNode>& wanted, const onnx::ModelProto& model,
          const PayloadSource& payloads, const ir::SymbolTable& symbols);
  ~Extract();

  // Takes the node if it is wanted. `inputs`: null for absent ones.
  void Offer(const ir::SourceNode& source, const onnx::NodeProto& node,
             const std::vector<const KnownValue*>& inputs, const ir::Graph& graph);
  // The serialized model; empty when no node was taken. Results that no taken node reads are its
  // outputs, of the types that `tensors` of the source know, else of the declared ones.
  std::string Finish(const std::vector<SourceTensor>& tensors);

 private:
  bool IsWanted(const ir::SourceNode& source) const;
  void AddOperand(const KnownValue& value, const ir::Graph& graph);

  const std::vector<ir::SourceNode>& wanted_;
  const onnx::ModelProto& source_;
  const PayloadSource& payloads_;
  const ir::SymbolTable& symbols_;
  std::unique_ptr<onnx::ModelProto> model_;
  std::set<std::string> defined_;  // inputs, initializers and results so far
};

}  // namespace smelt::onnx_import
