#include "core/ir/origin.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/base/status.h"

namespace smelt::ir {

OriginTable::OriginTable() : sets_(1) {}  // kNoOrigin

std::string KeyOf(const SourceNode& node) {
  return std::to_string(node.index) + " " + node.op_type + " " + node.name;
}

SourceId OriginTable::AddSource(SourceNode node) {
  sources_.push_back(std::move(node));
  alone_.push_back(kNoOrigin);
  return static_cast<SourceId>(sources_.size() - 1);
}

OriginId OriginTable::Of(SourceId source) {
  SMELT_CHECK(source < sources_.size());
  OriginId& alone = alone_[source];
  if (alone == kNoOrigin) {
    alone = static_cast<OriginId>(sets_.size());
    sets_.push_back({source});
  }
  return alone;
}

OriginId OriginTable::Merge(OriginId a, OriginId b) {
  if (a == b || b == kNoOrigin) return a;
  if (a == kNoOrigin) return b;
  const std::vector<SourceId>& left = SourcesOf(a);
  const std::vector<SourceId>& right = SourcesOf(b);
  std::vector<SourceId> merged;
  merged.reserve(left.size() + right.size());
  std::set_union(left.begin(), left.end(), right.begin(), right.end(), std::back_inserter(merged));
  return Intern(std::move(merged));
}

OriginId OriginTable::Absorb(OriginId into, OriginId what) {
  const std::vector<SourceId>& own = SourcesOf(into);
  for (const SourceId source : SourcesOf(what)) {
    if (!std::ranges::binary_search(own, source)) absorbed_.insert(source);
  }
  return Merge(into, what);
}

OriginId OriginTable::Intern(std::vector<SourceId> set) {
  if (set.size() == 1) return Of(set.front());
  const auto [at, is_new] = ids_.try_emplace(set, static_cast<OriginId>(sets_.size()));
  if (is_new) sets_.push_back(std::move(set));
  return at->second;
}

}  // namespace smelt::ir
