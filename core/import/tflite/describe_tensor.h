// The description of one tensor. Private to Describe.
#pragma once

#include <string>

#include "core/import/tflite/description_state.h"

namespace smelt::tflite_import {

// `place` names the tensor in problems.
TensorDescription DescribeTensor(DescriptionState& state, const schema::Tensor& table,
                                 const std::string& place);

}  // namespace smelt::tflite_import
