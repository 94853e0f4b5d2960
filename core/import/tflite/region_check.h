// Checks how the graphs of a module that was read call each other.
#pragma once

#include "core/base/status.h"
#include "core/ir/module.h"

namespace smelt::tflite_import {

// No graph calls itself, at whatever distance; each operator's regions take and give what it hands
// on and receives. kArtifactInvalid with the graph.
Status CheckRegions(const ir::Module& module);

}  // namespace smelt::tflite_import
