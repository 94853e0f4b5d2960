#include "core/export/tflite/split_plan.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

#include "core/export/tflite/file_plan.h"
#include "core/export/tflite/part_module.h"
#include "core/export/tflite/part_ports.h"
#include "core/export/tflite/part_size.h"
#include "core/export/tflite/payload_layout.h"
#include "core/export/tflite/split_at.h"
#include "core/export/tflite/split_search.h"
#include "core/export/tflite/writer.h"
#include "core/ir/op_table.h"

namespace smelt::tflite_export {
namespace {

// Parts of an asked-for number may be larger than the smallest possible ones by an eighth: room to
// find cheap cuts in.
constexpr std::uint64_t kSlack = 8;
constexpr std::size_t kMostPoints = 4096;
constexpr std::uint64_t kMostPointNames = 65'536;
constexpr int kMostAttempts = 16;
// The search for a number of parts keeps a place for each part and operator.
constexpr std::uint64_t kMostPlaces = 16'000'000;
// The running sum is above the file's size by less than this. Operators so near to the limit are
// measured, up to a number, and so are the first ones that are too large: others of those are as
// large as the sum says, and others near the limit are left to the measure of the parts.
constexpr std::uint64_t kNearBytes = 4096;
constexpr std::size_t kMostNear = 4096;
constexpr std::size_t kMostExact = 64;

class Planner {
 public:
  Planner(const ir::Module& module, const target::Profile& profile, const SplitOptions& options,
          const CancelToken& cancel, ir::Diagnostics& diagnostics)
      : module_(module),
        profile_(profile),
        options_(options),
        cancel_(cancel),
        diagnostics_(diagnostics) {}

  Result<SplitPlan> Run() {
    if (module_.signatures.size() != 1) {
      return Refuse("a model with several signatures can't be written in parts",
                    "Convert each signature by itself, with --dim, --from and --to.");
    }
    SMELT_ASSIGN_OR_RETURN(graph_,
                           MakeSplitGraph(module_, profile_, options_.description, cancel_));
    plan_.names = graph_.names;
    plan_.unsplit_bytes = graph_.unsplit_bytes;
    plan_.constant_bytes = graph_.constant_bytes;
    if (!NeedsCuts()) {
      plan_.parts.emplace_back().file_bytes = graph_.unsplit_bytes;
      plan_.parts.back().constant_bytes = graph_.constant_bytes;
      plan_.greedy_parts = 1;
      return std::move(plan_);
    }
    SMELT_RETURN_IF_ERROR(CheckOperators());
    CheckNames();
    if (!diagnostics_.empty()) return SplitPlan();
    const AskedCuts asked = CutsAt(graph_, options_.at_tensors, cancel_, diagnostics_);
    SMELT_RETURN_IF_ERROR(cancel_.Check());
    if (!diagnostics_.empty() || !CheckCounts()) return SplitPlan();
    SplitBudget budget{MostBytes(), options_.parts};
    for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
      const std::optional<Cuts> cuts = Search(asked, budget);
      SMELT_RETURN_IF_ERROR(cancel_.Check());
      if (!cuts) return SplitPlan();
      if (cuts->ends.size() > kMaxParts) {
        return Refuse("it takes " + std::to_string(cuts->ends.size()) + " parts; at most " +
                          std::to_string(kMaxParts) + " are written",
                      "Raise --split-max-bytes and --split-target-bytes.");
      }
      SMELT_RETURN_IF_ERROR(FillParts(*cuts));
      const std::uint64_t excess = Excess();
      if (excess == 0) {
        FillPoints();
        return std::move(plan_);
      }
      // More inputs and outputs than the search has counted with.
      budget.bytes -= std::min(budget.bytes, excess + 64);
    }
    return RefuseSizes();
  }

 private:
  // What a part is filled up to. A number of parts leaves no choice: all of the limit is theirs.
  std::uint64_t MostBytes() const {
    return options_.parts != 0 ? options_.max_bytes
                               : std::min(options_.target_bytes, options_.max_bytes);
  }

  bool NeedsCuts() const {
    if (options_.parts > 1 || !options_.at_tensors.empty()) return true;
    // Without operators there is nothing to fill parts with, only a limit to keep.
    return graph_.unsplit_bytes > (graph_.units.empty() ? options_.max_bytes : MostBytes());
  }

  // What a chain finds by name must be one tensor.
  void CheckNames() {
    const ir::Signature& signature = module_.signatures[0];
    const ir::Graph& graph = module_.graph(signature.graph);
    std::map<std::string_view, ir::ValueId> named;
    const auto add = [&](std::string_view name, ir::ValueId value) {
      const auto known = named.emplace(name, value).first;
      if (known->second == value) return;
      Refuse("two of the model's inputs and outputs are called \"" + std::string(name) +
                 "\", and a chain of parts finds tensors by their names",
             "Rename one of them in the model.");
    };
    for (std::size_t i = 0; i < graph.inputs().size(); ++i) {
      add(signature.input_names[i], graph.inputs()[i]);
    }
    for (std::size_t i = 0; i < graph.outputs().size(); ++i) {
      add(signature.output_names[i], graph.outputs()[i]);
    }
  }

  // False, with a diagnostic, when there is too little to cut, or too much to search.
  bool CheckCounts() {
    const std::size_t operators = graph_.units.size();
    if (operators < options_.parts) {
      Refuse("the graph has " + std::to_string(operators) + " operators, too few for " +
                 std::to_string(options_.parts) + " parts",
             "Ask for fewer parts.");
      return false;
    }
    if (operators == 0) {
      Refuse("the artifact has " + std::to_string(graph_.unsplit_bytes) +
                 " bytes, and no operator to cut behind",
             "Raise --split-max-bytes.");
      return false;
    }
    if (std::uint64_t{options_.parts} * operators > kMostPlaces) {
      Refuse(std::to_string(options_.parts) + " parts of " + std::to_string(operators) +
                 " operators are too many to choose from: their product may be at most " +
                 std::to_string(kMostPlaces),
             "Ask for fewer parts, or for a size with --split-max-bytes.");
      return false;
    }
    return true;
  }

  SplitPlan RefuseSizes() {
    const std::string number =
        options_.parts == 0 ? "" : " into " + std::to_string(options_.parts) + " parts";
    return Refuse("no cuts" + number + " were found with which every part has at most " +
                      std::to_string(options_.max_bytes) + " bytes",
                  "Raise --split-max-bytes a little.");
  }

  SplitPlan Refuse(std::string message, std::string hint) {
    ir::Diagnostic refusal;
    refusal.reason = Reason::kSplitUnsupported;
    refusal.message = std::move(message);
    refusal.hint = std::move(hint);
    refusal.stage = "split";
    diagnostics_.push_back(std::move(refusal));
    return {};
  }

  // Every operator must be small enough to be a part by itself.
  Status CheckOperators() {
    PartSize size(graph_);
    std::size_t exact = 0;
    std::size_t near = 0;
    for (std::uint32_t unit = 0; unit < graph_.units.size(); ++unit) {
      size.Add(unit);
      std::uint64_t bytes = size.Bytes();
      size.Remove(unit);
      if (bytes <= options_.max_bytes) continue;
      const bool is_near = bytes - options_.max_bytes < kNearBytes;
      if (is_near ? near++ < kMostNear : exact++ < kMostExact) {
        SMELT_RETURN_IF_ERROR(cancel_.Check());
        PartPlan alone = PortsOf(module_, graph_, {unit});
        SMELT_RETURN_IF_ERROR(Measure(alone));
        bytes = alone.file_bytes;
      } else if (is_near) {
        continue;
      }
      if (bytes > options_.max_bytes) RefuseOperator(unit, bytes);
    }
    return Status::Ok();
  }

  void RefuseOperator(std::uint32_t unit, std::uint64_t bytes) {
    const ir::Op& op = module_.graph(module_.signatures[0].graph).op(graph_.units[unit].op);
    ir::Diagnostic refusal;
    refusal.reason = Reason::kSplitOperatorTooLarge;
    const auto& sources = module_.origins().SourcesOf(op.origin);
    if (!sources.empty()) refusal.node = module_.origins().sources()[sources.back()];
    const SplitGraph::Item* largest = nullptr;
    for (const std::uint32_t item : graph_.units[unit].items) {
      const SplitGraph::Item& held = graph_.items[item];
      if (largest == nullptr || held.bytes > largest->bytes) largest = &held;
    }
    std::string holds;
    if (largest != nullptr && largest->bytes > 0) {
      refusal.tensor = largest->name;
      holds = "; its constant \"" + largest->name + "\" has " + std::to_string(largest->bytes);
    }
    refusal.message = std::string(ir::GetOpInfo(op.kind).name) + " takes a part of " +
                      std::to_string(bytes) + " bytes for itself" + holds;
    refusal.found = std::to_string(bytes) + " bytes";
    refusal.allowed = "at most " + std::to_string(options_.max_bytes) + " bytes";
    refusal.stage = "split";
    diagnostics_.push_back(std::move(refusal));
  }

  // Nothing, with a diagnostic, when there is no such number of parts.
  std::optional<Cuts> Search(const AskedCuts& asked, SplitBudget& budget) {
    const std::vector<std::uint32_t> program = ProgramOrder(graph_);
    if (options_.parts != 0 && !FindPartSize(program, budget)) return std::nullopt;
    const Cuts greedy = GreedyCuts(graph_, program, asked.program_ends, budget);
    plan_.greedy_crossing_bytes = greedy.crossing_bytes;
    plan_.greedy_parts = greedy.ends.size();
    std::optional<Cuts> best;
    const auto consider = [&](Cuts cuts) {
      if (cuts.ends.empty()) return;
      const auto key = [](const Cuts& c) {
        return std::tuple(c.ends.size() > kMaxParts, c.crossing_bytes, c.ends.size());
      };
      if (!best || key(cuts) < key(*best)) best = std::move(cuts);
    };
    const auto search = [&](const std::vector<std::uint32_t>& order,
                            const std::vector<std::size_t>& ends) {
      Cuts cuts = CheapestCuts(graph_, order, ends, budget, cancel_);
      if (!cuts.ends.empty() && cuts.ends.size() <= kMaxParts) {
        RefineCuts(graph_, ends, budget, cancel_, cuts);
      }
      consider(std::move(cuts));
    };
    search(asked.order, asked.ends);
    if (options_.at_tensors.empty()) {
      search(DepthFirstOrder(graph_), asked.ends);
    } else {
      search(program, asked.program_ends);
    }
    if (options_.parts == 0 || greedy.ends.size() == options_.parts) consider(greedy);
    if (!best) {
      Refuse("the graph can't be cut into exactly " + std::to_string(options_.parts) + " parts",
             "Ask for another number, or for a size with --split-max-bytes.");
    }
    return best;
  }

  // The least size with which filling part after part needs no more than asked for, and some slack.
  bool FindPartSize(const std::vector<std::uint32_t>& program, SplitBudget& budget) {
    const auto parts_with = [&](std::uint64_t bytes) {
      return GreedyCuts(graph_, program, {program.size()}, {bytes, 0}).ends.size();
    };
    std::uint64_t high = budget.bytes;
    if (const std::size_t parts = parts_with(high); parts > options_.parts) {
      if (high < options_.max_bytes) {  // it was lowered, because parts came out too large
        RefuseSizes();
        return false;
      }
      Refuse("parts of at most " + std::to_string(high) + " bytes are " + std::to_string(parts) +
                 ", more than " + std::to_string(options_.parts),
             "Ask for more parts, or raise --split-max-bytes.");
      return false;
    }
    std::uint64_t low = graph_.unsplit_bytes / options_.parts / 2;
    while (high - std::min(high, low) > high / 1024 + 1 && !cancel_.cancelled()) {
      const std::uint64_t middle = low + (high - low) / 2;
      (parts_with(middle) <= options_.parts ? high : low) = middle;
    }
    budget.bytes = std::min(budget.bytes, high + high / kSlack);
    return true;
  }

  Status FillParts(const Cuts& cuts) {
    plan_.parts.clear();
    plan_.crossing_bytes = cuts.crossing_bytes;
    plan_.reordered = false;
    std::vector<std::uint32_t> part_of(graph_.units.size());
    std::size_t begin = 0;
    for (std::size_t part = 0; part < cuts.ends.size(); ++part) {
      for (; begin < cuts.ends[part]; ++begin) {
        part_of[cuts.order[begin]] = static_cast<std::uint32_t>(part);
      }
    }
    std::vector<std::vector<std::uint32_t>> units(cuts.ends.size());
    for (std::uint32_t unit = 0; unit < part_of.size(); ++unit) {
      plan_.reordered = plan_.reordered || (unit > 0 && part_of[unit] < part_of[unit - 1]);
      units[part_of[unit]].push_back(unit);
    }
    for (const auto& own : units) {
      SMELT_RETURN_IF_ERROR(cancel_.Check());
      PartPlan& part = plan_.parts.emplace_back(PortsOf(module_, graph_, own));
      SMELT_RETURN_IF_ERROR(Measure(part));
    }
    plan_.edges = EdgesOf(graph_, part_of);
    plan_.repeated = RepeatedConstants(graph_, part_of);
    return Status::Ok();
  }

  // By the tables of the part, laid out. Of its payloads only as much is read as tells constants
  // apart that may share a buffer.
  Status Measure(PartPlan& part) const {
    const ir::Module made = MakePart(module_, part.ops, part.inputs, part.outputs, graph_.names);
    SMELT_ASSIGN_OR_RETURN(FilePlan plan, PlanFile(made, profile_, cancel_));
    SMELT_ASSIGN_OR_RETURN(const FileLayout layout,
                           LayOutFile(made, plan, options_.description, kMaxInlineBytes));
    part.file_bytes = layout.file_bytes;
    part.constant_bytes = 0;
    // The first buffer stands for none.
    for (std::size_t i = 1; i < plan.buffers.size(); ++i) {
      part.constant_bytes += plan.buffers[i].size_bytes();
    }
    for (const MetadataPlan& entry : plan.metadata) {
      part.constant_bytes -= plan.buffers[entry.buffer].size_bytes();
    }
    return Status::Ok();
  }

  // By how much the largest part is too large.
  std::uint64_t Excess() const {
    std::uint64_t excess = 0;
    for (const PartPlan& part : plan_.parts) {
      excess = std::max(excess, part.file_bytes - std::min(part.file_bytes, options_.max_bytes));
    }
    return excess;
  }

  void FillPoints() {
    const std::size_t count = graph_.units.size() - 1;
    if (count >= kMostPoints) return;
    // What changes at each point; the sums wrap, and back.
    std::vector<CutPoint>& points = plan_.points;
    points.resize(count + 1);
    const auto each = [&](auto change) {
      for (const SplitGraph::Tensor& tensor : graph_.tensors) {
        if (tensor.producer < 0 || tensor.users.empty()) continue;
        change(tensor, static_cast<std::size_t>(tensor.producer), tensor.users.back());
      }
    };
    each([&](const SplitGraph::Tensor& tensor, std::size_t begin, std::size_t end) {
      points[begin].crossing_bytes += tensor.bytes;
      points[end].crossing_bytes -= tensor.bytes;
      ++points[begin].count;
      --points[end].count;
    });
    points.pop_back();
    std::size_t named = 0;  // points that have their names
    std::uint64_t names = 0;
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (i > 0) {
        points[i].crossing_bytes += points[i - 1].crossing_bytes;
        points[i].count += points[i - 1].count;
      }
      names += points[i].count;
      if (names <= kMostPointNames) named = i + 1;
    }
    each([&](const SplitGraph::Tensor& tensor, std::size_t begin, std::size_t end) {
      for (std::size_t at = begin; at < std::min(end, named); ++at) {
        points[at].values.push_back(tensor.value);
      }
    });
  }

  const ir::Module& module_;
  const target::Profile& profile_;
  const SplitOptions& options_;
  const CancelToken& cancel_;
  ir::Diagnostics& diagnostics_;
  SplitGraph graph_;
  SplitPlan plan_;
};

}  // namespace

Result<SplitPlan> PlanSplit(const ir::Module& module, const target::Profile& profile,
                            const SplitOptions& options, const CancelToken& cancel,
                            ir::Diagnostics& diagnostics) {
  return Planner(module, profile, options, cancel, diagnostics).Run();
}

}  // namespace smelt::tflite_export
