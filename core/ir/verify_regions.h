// The parts of the verifier that look at more than one graph, and its list of findings.
#pragma once

#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/ir/module.h"

namespace smelt::ir {

// What a verification found; keeps the first hundred.
class Findings {
 public:
  void Add(std::string finding);
  bool empty() const { return count_ == 0; }
  // kInternalError with every finding, one a line; OK when there is none.
  Status ToStatus() const;

 private:
  std::vector<std::string> kept_;
  std::size_t count_ = 0;
};

// Regions exist, are not nested in themselves, and take and give what their operator does.
void CheckRegions(const Module& module, Findings& findings);

}  // namespace smelt::ir
