// Where an operator comes from: sets of source nodes, interned. Rewrites say how origins move:
// a replacement takes the union of what it replaces.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace smelt::ir {

// A node of the source model.
struct SourceNode {
  std::uint32_t index = 0;  // position in its graph's node list
  std::string name;         // as the source names it; may be empty
  std::string domain;       // "" is the default domain
  std::string op_type;
  std::uint32_t opset = 0;
  std::string module_path;  // place in the source's module tree; may be empty
  friend bool operator==(const SourceNode&, const SourceNode&) = default;
};

// Tells nodes apart; the index alone does not: nodes of subgraphs count from 0 too.
std::string KeyOf(const SourceNode& node);

using SourceId = std::uint32_t;
using OriginId = std::uint32_t;
inline constexpr OriginId kNoOrigin = 0;  // the empty set: nothing of the source asked for it

class OriginTable {
 public:
  OriginTable();
  SourceId AddSource(SourceNode node);
  OriginId Of(SourceId source);
  OriginId Merge(OriginId a, OriginId b);
  // The same, and `what`'s sources are remembered as absorbed: the operator of `into` computes
  // them along with its own.
  OriginId Absorb(OriginId into, OriginId what);
  bool IsAbsorbed(SourceId source) const { return absorbed_.contains(source); }

  const std::vector<SourceNode>& sources() const { return sources_; }
  const std::vector<SourceId>& SourcesOf(OriginId origin) const { return sets_[origin]; }  // sorted
  std::size_t set_count() const { return sets_.size(); }  // every OriginId is below it

 private:
  OriginId Intern(std::vector<SourceId> set);
  std::vector<SourceNode> sources_;
  std::vector<std::vector<SourceId>> sets_;
  std::vector<OriginId> alone_;                    // of the set of one source, by source
  std::map<std::vector<SourceId>, OriginId> ids_;  // of larger sets
  std::set<SourceId> absorbed_;
};

}  // namespace smelt::ir
