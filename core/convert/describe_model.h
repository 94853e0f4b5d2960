// Descriptions of the importers as messages. Text that is not UTF-8 has its bad bytes replaced.
// Pure functions, safe from any thread.
#pragma once

#include "core/import/onnx/describe.h"
#include "core/import/tflite/model_description.h"
#include "smelt/v1/model_description.pb.h"

namespace smelt {

// `not_read_because`: what the reader says of the file; "" when it takes it.
v1::ModelDescription ToProto(const tflite_import::ModelDescription& from,
                             const std::string& not_read_because);
v1::ModelDescription ToProto(const onnx_import::ModelDescription& from);

}  // namespace smelt
