// Inspection: what a model file holds, as a document. Like Convert it opens no path, keeps no
// global state and depends on the request alone.
#pragma once

#include <string>

#include "core/base/bytes.h"
#include "core/base/cancel_token.h"
#include "core/base/status.h"
#include "core/convert/convert.h"

namespace smelt {

struct InspectRequest {
  SharedBytes model;                // mapped or owned; read in place
  std::string file_name = "model";  // for the document's name
  std::string model_sha256;         // of `model`, in hexadecimal; empty: computed here
};

// Describes a .tflite or .onnx file: the artifact is a smelt.v1.ModelDescription as JSON. Files
// that Convert refuses are described, too. The report is always filled: not_a_model,
// model_malformed, model_truncated, too_many_nodes and the like are its "failed". A status other
// than OK means that no judgement on the file was possible: kCancelled, kIoError of the sink.
Status Inspect(const InspectRequest& request, ConvertSink& sink, const CancelToken& cancel,
               v1::Report* report);

}  // namespace smelt
