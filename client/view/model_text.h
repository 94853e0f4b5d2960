// A model's description as text: what the file is, what it needs, and what it is made of.
#pragma once

#include <cstdint>
#include <ostream>

#include "client/view/text.h"
#include "smelt/v1/model_description.pb.h"

namespace smelt::client {

enum class ModelDetail : std::uint8_t {
  kSummary,  // the file as a whole, its signatures, inputs and outputs
  kAll,      // each operator and tensor, too
};

void PrintModel(std::ostream& out, const v1::ModelDescription& model, ModelDetail detail,
                const Ink& ink);

}  // namespace smelt::client
