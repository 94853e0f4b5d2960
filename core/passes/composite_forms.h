// Composites that a file may keep: as STABLEHLO_COMPOSITE operators with their bodies, which
// delegates recognize by name and run by kernels of their own.
#pragma once

#include <span>
#include <string_view>

#include "core/passes/pass.h"

namespace smelt::passes {

// A composite of the IR in the form that delegates expect: operands and results as they are, under
// another name and with other attributes.
struct CompositeForm {
  std::string_view source;  // in the IR
  std::string_view name;    // in the file
  // False for what the contract behind the name leaves open or forbids: a delegate computes by the
  // name alone.
  bool (*fits)(const ir::Graph& graph, const ir::Op& op);
  ir::Attributes (*attributes)(const ir::Graph& graph, const ir::Op& op);
};

inline constexpr std::string_view kRmsNorm = "odml.rms_norm";
inline constexpr std::string_view kGroupNorm = "odml.group_norm";

// What a job may ask for besides the names of forms: every one.
inline constexpr std::string_view kAllComposites = "all";
// kInvalidArgument for a name that is none of them.
Status CheckComposites(std::span<const std::string> names);

// True when the job asks for the composite and the runtime has the operator.
bool KeepsComposite(const PassContext& context, std::string_view name);
// The form in which `op`, a composite with a body, is kept; null: its body stands in its place.
const CompositeForm* FormToKeep(const PassContext& context, const ir::Graph& graph,
                                const ir::Op& op);

}  // namespace smelt::passes
