// The part of a description that TFLite files have alone. Private to the views of models.
#pragma once

#include <ostream>

#include "client/view/model_text.h"

namespace smelt::client {

// What the file needs and where its bytes are: rows under the headline.
void PrintTfliteFacts(std::ostream& out, const v1::TfliteDescription& model, const Ink& ink);

// Signatures, inputs and outputs; then, for kAll, the operators and tensors of each subgraph.
void PrintTfliteGraphs(std::ostream& out, const v1::TfliteDescription& model, ModelDetail detail,
                       const Ink& ink);

}  // namespace smelt::client
