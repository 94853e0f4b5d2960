// Reads an ONNX model into a module: one walk over the nodes, in order; each is inferred, checked,
// translated and, when small, folded at once. A node that violates a constraint becomes an opaque
// composite with its declared types, so that the walk goes on and every violation is found.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/cancel_token.h"
#include "core/base/result.h"
#include "core/ir/diagnostic.h"
#include "core/ir/module.h"

namespace smelt::onnx_import {

// Bounds on what a hostile file may make us do. Each has a reason code and a test.
struct ImportLimits {
  std::uint64_t max_tensor_bytes = std::uint64_t{1} << 36;  // of any one tensor
  std::uint64_t max_folded_bytes = std::uint64_t{1} << 24;  // of a result that folding may compute
  std::uint32_t max_nodes = 1'000'000;
  std::uint32_t max_subgraph_depth = 32;
};

// Operators that may be carried as CUSTOM ones where nothing translates them.
struct CustomOperatorPolicy {
  bool all = false;
  std::vector<std::string> names;  // "Op", "domain::Op" or "domain.Op"

  bool enabled() const { return all || !names.empty(); }
  bool Allows(std::string_view domain, std::string_view op_type) const;
};

// A reading of the model's graph that becomes a signature of the module.
struct EntryPoint {
  std::string key = "serving_default";
  std::map<std::string, std::int64_t> dims;
  std::map<std::string, std::vector<std::int64_t>> input_shapes;  // -1: as it is
  std::int64_t batch = 0;                                         // 0: as it is
  // Only what lies between these tensors is read; empty: the graph's own inputs, its own outputs.
  std::vector<std::string> from;
  std::vector<std::string> to;
};

struct ImportRequest {
  SharedBytes model;
  const std::map<std::string, SharedBytes>* external_files = nullptr;  // may be null
  std::vector<EntryPoint> entries = std::vector<EntryPoint>(1);        // at least one; keys differ
  CustomOperatorPolicy custom_operators;
  bool list_tensors = false;            // fill Imported::tensors
  std::vector<ir::SourceNode> extract;  // nodes of the graph that Imported::extract is to hold
  ImportLimits limits;
  std::function<void(std::uint64_t done, std::uint64_t total)> progress;  // nodes; may be empty
};

struct ModelFacts {
  std::string producer;
  std::uint32_t ir_version = 0;
  std::map<std::string, std::uint32_t> opset_imports;
  std::uint64_t parameter_bytes = 0;  // of the entry with the most
};

// A tensor of the source's graph.
struct SourceTensor {
  std::uint32_t signature = 0;  // its place in Module::signatures
  std::string name;
  std::string op_type;  // of its node; empty for inputs
  std::string op_name;
  std::string value_name;              // of the IR value that holds it
  std::optional<ir::TensorType> type;  // nothing: hidden behind a violation
};

struct Imported {
  ir::Module module;  // signature i, of entry i, is graph i
  ModelFacts facts;
  ir::Diagnostics diagnostics;  // an error among them: the module must not be exported
  // Of each entry: inputs, then results in the order of the nodes.
  std::vector<SourceTensor> tensors;
  std::string extract;  // a serialized model of the nodes asked for; empty: none
  // Nodes that a function's or a loop's body took the place of.
  std::vector<ir::SourceId> expanded;
};

// A status other than OK: no module could be made at all (not_a_model, model_truncated,
// model_malformed, cancelled, ...).
Result<Imported> Import(const ImportRequest& request, const CancelToken& cancel);

}  // namespace smelt::onnx_import
