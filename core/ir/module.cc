#include "core/ir/module.h"

#include <utility>

namespace smelt::ir {

GraphId Module::AddGraph(std::string name) {
  graphs_.push_back(std::make_unique<Graph>(std::move(name)));
  return GraphId{static_cast<std::uint32_t>(graphs_.size() - 1)};
}

}  // namespace smelt::ir
