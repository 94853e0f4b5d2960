// Reads a model's signatures into the module: entries bind names to tensors in any order.
#pragma once

#include "core/import/tflite/container.h"
#include "core/ir/module.h"

namespace smelt::tflite_import {

// Names each signature's inputs and outputs in the order of its subgraph; one that it leaves out is
// called as its tensor. A model without signatures gets one, "serving_default", of its main
// subgraph, named after the tensors. kArtifactInvalid for a signature of other tensors.
Status ReadSignatures(const Container& file, ir::Module& module);

// That every signature names all inputs and outputs of its subgraph in their order, as smelt writes
// them. Requires a file that ReadSignatures takes. kArtifactInvalid.
Status CheckSignatureOrder(const schema::Model& model);

}  // namespace smelt::tflite_import
