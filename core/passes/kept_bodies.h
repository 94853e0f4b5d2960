// The bodies of kept composites: equal ones are one graph, called after the composite. What a
// shared body's operators come from is what the first one's do; the composites themselves say the
// rest.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/ir/module.h"

namespace smelt::passes {

class KeptBodies {
 public:
  explicit KeptBodies(ir::Module& module) : module_(module) {}

  // A graph equal to `body`: itself, now called "NAME.impl" or "NAME.impl_1", if it is the first.
  ir::GraphId Share(ir::GraphId body, std::string_view name);

 private:
  std::size_t Hash(ir::GraphId body) const;

  ir::Module& module_;
  absl::flat_hash_map<std::size_t, std::vector<ir::GraphId>> known_;
  absl::flat_hash_map<std::string, int> count_;  // of bodies, by composite
};

}  // namespace smelt::passes
