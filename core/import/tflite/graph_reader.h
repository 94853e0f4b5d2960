// Reads one subgraph of a checked container into a graph of the module.
#pragma once

#include "core/import/tflite/container.h"
#include "core/import/tflite/reader.h"
#include "core/ir/module.h"

namespace smelt::tflite_import {

// Fills graph `index` of `module` from the subgraph of that number. The module's graphs exist
// already, so that regions can be referred to. kArtifactInvalid with the place and what is wrong.
// Adds to `notes`.
Status ReadGraph(const Container& file, ir::Module& module, std::uint32_t index, ReadNotes& notes);

}  // namespace smelt::tflite_import
