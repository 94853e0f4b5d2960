// Descriptions of the importers as messages. Text that is not UTF-8 has its bad bytes replaced.
// Pure functions, safe from any thread.
#pragma once

#include "core/import/onnx/describe.h"
#include "core/import/tflite/model_description.h"
#include "smelt/v1/model_description.pb.h"

namespace smelt {

v1::ModelDescription ToProto(const tflite_import::ModelDescription& from);
v1::ModelDescription ToProto(const onnx_import::ModelDescription& from);

}  // namespace smelt
