#include "core/passes/channel_net.h"

#include <map>
#include <optional>
#include <utility>

namespace smelt::passes {
namespace {

// Of all steps of a net: bounds memory, to some megabytes.
constexpr std::uint64_t kMostRouted = 1 << 20;

// Steps by what they make.
std::map<ir::ValueId, std::size_t> MakersOf(const ChannelNet& net) {
  std::map<ir::ValueId, std::size_t> makers;
  for (std::size_t i = 0; i < net.steps.size(); ++i) {
    for (const ir::ValueId result : net.steps[i].results) makers[result] = i;
  }
  return makers;
}

// Each behind those that it reads.
void PutInOrder(ChannelNet& net) {
  const auto makers = MakersOf(net);
  std::vector<std::vector<std::size_t>> readers(net.steps.size());
  std::vector<std::size_t> missing(net.steps.size(), 0);
  for (std::size_t i = 0; i < net.steps.size(); ++i) {
    for (const ir::ValueId operand : net.steps[i].operands) {
      const auto maker = makers.find(operand);
      if (maker == makers.end()) continue;
      readers[maker->second].push_back(i);
      ++missing[i];
    }
  }
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < missing.size(); ++i) {
    if (missing[i] == 0) order.push_back(i);
  }
  for (std::size_t at = 0; at < order.size(); ++at) {
    for (const std::size_t reader : readers[order[at]]) {
      if (--missing[reader] == 0) order.push_back(reader);
    }
  }
  std::vector<ChannelStep> steps;
  for (const std::size_t i : order) steps.push_back(std::move(net.steps[i]));
  net.steps = std::move(steps);
}

}  // namespace

void ChannelNetSearch::Visit(ir::OpId first, ChannelNet& net) {
  if (!first.valid() || !seen_.insert({first, net.axis}).second) return;
  std::optional<ChannelStep> step = ChannelStepFrom(graph_, first);
  if (!step || step->axis != net.axis) return;
  net.channels_moved += step->ChannelCount();
  if (net.channels_moved > kMostRouted) step->channels.clear();  // followed no further
  net.steps.push_back(*std::move(step));
}

void ChannelNetSearch::VisitNeighbours(std::size_t step, ChannelNet& net) {
  const std::vector<ir::ValueId> operands = net.steps[step].operands;  // visiting grows the list
  const std::vector<ir::ValueId> results = net.steps[step].results;
  for (const ir::ValueId operand : operands) Visit(FirstOfStepMaking(graph_, operand), net);
  for (const ir::ValueId result : results) {
    for (const ir::Use use : graph_.UsesOf(result)) Visit(use.op, net);
  }
}

void ChannelNetSearch::Follow(ChannelNet& net) const {
  PutInOrder(net);
  std::map<ir::ValueId, ChannelRoute> routes;
  std::set<ir::OpId> own;
  for (const ChannelStep& step : net.steps) own.insert(step.ops.begin(), step.ops.end());
  for (std::size_t at = 0; at < net.steps.size(); ++at) {
    const ChannelStep& step = net.steps[at];
    ChannelRoute all;
    for (const ir::ValueId operand : step.operands) {
      const auto [found, is_new] = routes.try_emplace(operand);
      if (is_new) {
        const std::int64_t count = graph_.type(operand).shape.dim(net.axis).value();
        const auto source = static_cast<std::uint32_t>(net.sources.size());
        for (std::int32_t i = 0; i < count; ++i) found->second.push_back({source, i});
        net.sources.push_back(operand);
      }
      all.insert(all.end(), found->second.begin(), found->second.end());
    }
    for (std::size_t i = 0; i < step.results.size(); ++i) {
      ChannelRoute& route = routes[step.results[i]];
      for (const std::int32_t from : step.channels[i]) {
        route.push_back(all[static_cast<std::size_t>(from)]);
      }
      NetResult result{step.results[i], at, {}, {}};
      for (const ir::Use use : graph_.UsesOf(step.results[i])) {
        if (!own.contains(use.op)) result.readers.push_back(use);
      }
      if (result.readers.empty()) continue;
      result.route = route;
      net.results.push_back(std::move(result));
    }
  }
}

ChannelNet ChannelNetSearch::From(ir::OpId first) {
  ChannelNet net;
  const std::optional<ChannelStep> step = ChannelStepFrom(graph_, first);
  if (!step) return net;
  net.axis = step->axis;
  Visit(first, net);
  for (std::size_t at = 0; at < net.steps.size(); ++at) VisitNeighbours(at, net);
  if (net.channels_moved > kMostRouted) net.steps.clear();
  Follow(net);
  return net;
}

}  // namespace smelt::passes
