// Half floats that a node computes in several steps: widened to float32 first, so that the result
// is rounded once. That is what engines do, and each rounding less is nearer to the exact result.
#pragma once

#include <list>

#include "core/base/status.h"
#include "core/import/onnx/onnx_node.h"
#include "core/ir/builder.h"

namespace smelt::onnx_import {

// True when the operators behind `after` (invalid: from the first on) round results to half floats
// more than once.
bool RoundsHalvesTwice(const ir::Graph& graph, ir::OpId after);

// A node as its rule sees it with float32 in the place of half floats.
class WideNode {
 public:
  // Casts the inputs; `out` is the builder that the rule gets.
  WideNode(const OnnxNode& node, ir::Builder& out);
  WideNode(const WideNode&) = delete;
  WideNode& operator=(const WideNode&) = delete;

  OnnxNode& node() { return wide_; }
  // Casts what the rule built back to the types of `node`, and gives it these results.
  void Finish(OnnxNode& node);

 private:
  ir::Builder& out_;
  std::list<KnownValue> inputs_;  // `wide_` points to them
  OnnxNode wide_;
};

}  // namespace smelt::onnx_import
