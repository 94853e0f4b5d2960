// SplitPlan: how an artifact is cut into parts that are files of their own and run one after
// another. Sizes are the writer's: those of a part's tables and payloads, summed while operators
// come and go; of the parts that are chosen, the tables are laid out, so the sizes are exact.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/cancel_token.h"
#include "core/base/result.h"
#include "core/ir/diagnostic.h"
#include "core/ir/module.h"
#include "core/target/profile.h"

namespace smelt::tflite_export {

inline constexpr std::uint64_t kDefaultSplitMaxBytes = 1'073'741'824;
inline constexpr std::uint64_t kDefaultSplitTargetBytes = 1'060'000'000;
inline constexpr std::size_t kMaxParts = 1024;

struct SplitOptions {
  std::uint64_t max_bytes = kDefaultSplitMaxBytes;  // of a part, at most kMaxInlineBytes
  // What a part is filled up to, at most max_bytes; a part of one operator may be larger, and so
  // may each of an asked number of parts.
  std::uint64_t target_bytes = kDefaultSplitTargetBytes;
  std::size_t parts = 0;                // exactly; 0: as many as it takes. At most kMaxParts
  std::vector<std::string> at_tensors;  // cut behind each, by its name in the one file
  std::string description = "smelt";    // as in WriteOptions: it is in every part
};

// A tensor that a part takes or gives.
struct PartPort {
  std::string name;   // in the signature
  ir::ValueId value;  // of the module that is cut
};

struct PartPlan {
  std::vector<ir::OpId> ops;  // in the order in which they run
  // The same, counted in program order; without those that dequantize a constant: every part that
  // needs the constant has its own.
  std::vector<std::uint32_t> indices;
  std::vector<PartPort> inputs, outputs;
  std::uint64_t file_bytes = 0;      // exact
  std::uint64_t constant_bytes = 0;  // after sharing
};

// What `to` takes from `from`.
struct PartEdge {
  std::size_t from, to;
  std::vector<ir::ValueId> values;
  std::uint64_t bytes = 0;
};

// A constant that several parts hold.
struct RepeatedConstant {
  std::string name;
  std::uint64_t bytes;
  std::vector<std::size_t> parts;
};

struct CutPoint {
  std::uint64_t crossing_bytes = 0;
  std::uint64_t count = 0;  // of the tensors that cross
  // All of them, or none: the points of a plan name at most 65,536 in all, from the first one on.
  std::vector<ir::ValueId> values;
};

struct SplitPlan {
  std::vector<PartPlan> parts;  // one, without operators: the file needs no cut
  std::vector<PartEdge> edges;
  std::vector<RepeatedConstant> repeated;
  // In program order, behind each operator but the last. None beyond 4,096 operators.
  std::vector<CutPoint> points;
  std::vector<std::string> names;  // by value of the entry point: the tensor's in every file
  std::uint64_t unsplit_bytes = 0;
  std::uint64_t constant_bytes = 0;         // of the one file
  std::uint64_t crossing_bytes = 0;         // alive across each cut, summed over the cuts
  std::uint64_t greedy_crossing_bytes = 0;  // likewise where parts are filled in program order
  std::size_t greedy_parts = 0;
  bool reordered = false;
};

// Requires a module that is ready to be written. A refusal of the module goes to `diagnostics`, all
// of one kind at once, and the plan has no parts: kSplitOperatorTooLarge with each such operator,
// kUnknownTensorName, kSplitUnsupported.
Result<SplitPlan> PlanSplit(const ir::Module& module, const target::Profile& profile,
                            const SplitOptions& options, const CancelToken& cancel,
                            ir::Diagnostics& diagnostics);

}  // namespace smelt::tflite_export
