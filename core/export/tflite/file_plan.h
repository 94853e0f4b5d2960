// FilePlan: what goes into the file, before positions are known: subgraphs, tensors with unique
// names, operator codes with versions, and the constants that are stored. Deterministic: everything
// is in program order of the module.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/cancel_token.h"
#include "core/base/result.h"
#include "core/ir/module.h"
#include "core/target/profile.h"

namespace smelt::tflite_export {

struct TensorPlan {
  ir::ValueId value;
  std::string name;          // unique in its subgraph
  std::uint32_t buffer = 0;  // 0: no data
};

struct SubgraphPlan {
  ir::GraphId graph;
  std::vector<TensorPlan> tensors;
  std::vector<std::int32_t> tensor_of_value;  // by value index; -1: not written
  std::vector<std::uint32_t> op_codes;        // of its operators in program order
};

struct OperatorCodePlan {
  ir::OpKind kind;
  int version;
  std::string custom_code;  // of CUSTOM
};

struct MetadataPlan {
  std::string name;
  std::uint32_t buffer;
};

struct FilePlan {
  std::vector<SubgraphPlan> subgraphs;          // the main graph first
  std::vector<std::int32_t> subgraph_of_graph;  // by graph index; -1: not reachable
  std::vector<OperatorCodePlan> op_codes;  // one an operator and version, in order of first use
  std::vector<ir::Constant> buffers;       // payloads; index 0 is the empty buffer
  std::vector<MetadataPlan> metadata;
  std::string min_runtime_version;  // "2.5.0"
  std::map<std::string, std::uint32_t> operator_counts;
};

// kInternalError when the module holds what the profile's runtime has no operator for.
Result<FilePlan> PlanFile(const ir::Module& module, const target::Profile& profile,
                          const CancelToken& cancel);

// The file needs at least the runtime release `version` ("2.14.0"): the plan's version and the
// metadata that says it.
void RaiseRuntime(FilePlan& plan, std::string_view version);

// Names the tensors of one subgraph: the signature's names for inputs and outputs, the source's
// name where it is free, else a name made from the nodes that the tensor comes from.
void NameTensors(const ir::Module& module, SubgraphPlan& subgraph);

}  // namespace smelt::tflite_export
