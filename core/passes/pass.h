// Pass: a named, timed, counted transformation of a module that can be disabled by name.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/cancel_token.h"
#include "core/base/status.h"
#include "core/ir/diagnostic.h"
#include "core/ir/module.h"
#include "core/passes/quantize/integer_options.h"
#include "core/passes/quantize/weight_summary.h"
#include "core/target/profile.h"

namespace smelt::passes {

// The version that a file must promise for an operator of the graph.
using OperatorVersionFn = int (*)(const ir::Graph& graph, const ir::Op& op);

// A tensor's name -> its axes in the order in which they are stored, as the source numbers them;
// none when axes were split or joined.
using StoredOrders = std::map<std::string, std::vector<int>>;

// How float32 weights are stored.
enum class Weights { kSource, kFloat16, kInt8 };

// What a job asks of the passes.
struct PassOptions {
  Weights weights = Weights::kSource;
  std::int64_t fewest_weight_elements = 0;  // that become int8; 0: as many as pay for each operator
  bool one_scale_a_weight = false;          // int8 with one scale, not one a channel
  WeightSummary* weight_summary = nullptr;  // where to note what became int8, or null
  const IntegerOptions* integer = nullptr;  // activations become integers, as it says; or null
  std::vector<std::string> composites;      // to keep, by name (composite_forms.h), or "all"
  // Null: the profile's versions are not asked for.
  OperatorVersionFn operator_version = nullptr;
  // Null, or where to note, of each signature, named tensors of its graph that are stored in
  // another order of axes than the source's.
  std::vector<StoredOrders>* stored_orders = nullptr;
};

struct PassContext {
  ir::Module& module;
  const target::Profile& profile;
  ir::Diagnostics& diagnostics;
  PassOptions options = {};
  std::span<const std::string> disabled = {};  // rules of a pass, by name
  std::uint64_t rewrites = 0;                  // a pass counts what it changes
};

struct Pass {
  std::string_view name;     // stable: jobs disable passes by it
  std::string_view summary;  // one sentence, for people
  bool required;             // may not be disabled: the artifact depends on it
  Status (*run)(PassContext& context);
};

// The pipeline in order.
std::span<const Pass> Pipeline();

struct PassOutcome {
  std::string_view name;
  std::uint64_t rewrites = 0;
  std::uint64_t operators_before = 0;
  std::uint64_t operators_after = 0;
  double seconds = 0;
  bool skipped = false;
};

struct PipelineOptions {
  PassOptions passes;
  // Passes, or rules of the preprocess stages; kInvalidArgument when unknown or required.
  std::span<const std::string> disabled;
  bool check_ir = false;                                  // verify after every pass
  std::function<void(std::string_view pass)> after_pass;  // may be empty
};

// Runs all passes. Findings about the model go to `diagnostics`; a status other than OK is a
// defect, a bad option or a cancellation.
Status RunPipeline(ir::Module& module, const target::Profile& profile,
                   const PipelineOptions& options, const CancelToken& cancel,
                   ir::Diagnostics& diagnostics, std::vector<PassOutcome>& outcomes);

}  // namespace smelt::passes
