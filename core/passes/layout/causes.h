// Causes: why a TRANSPOSE is left, in words.
#pragma once

#include <string>

#include "core/passes/layout/choices.h"
#include "core/passes/layout/store.h"

namespace smelt::passes::layout {

// What the tensor's maker and its first reader hold on to.
std::string CauseOf(const ir::Graph& graph, const Choices& choices, const Copy& copy);

}  // namespace smelt::passes::layout
