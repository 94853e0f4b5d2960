// The description of one subgraph. Private to Describe.
#pragma once

#include "core/import/tflite/description_state.h"

namespace smelt::tflite_import {

// Describes the subgraph of this number; counts its operators in `codes`, which are those of the
// model, and its tensors in `state`.
SubgraphDescription DescribeSubgraph(DescriptionState& state, std::uint32_t index,
                                     std::vector<OperatorCodeDescription>& codes);

}  // namespace smelt::tflite_import
