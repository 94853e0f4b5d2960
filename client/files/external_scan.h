// Finds the external data files that an ONNX model names, from its bytes alone.
//
// The client must upload those files together with the model. It has no ONNX library and needs
// none: it follows the few fields of the protobuf wire format that lead to a tensor's location and
// steps over everything else, so weights inside the file are never touched.
#pragma once

#include <string>
#include <vector>

#include "core/base/bytes.h"

namespace smelt::client {

struct ExternalScan {
  // False when the bytes are not protobuf, end early or nest too deep. The daemon is the judge of
  // such a file: it is uploaded as it is, and its answer names the problem.
  bool well_formed = false;
  // The locations as the model writes them, sorted, each once. Empty unless `well_formed`.
  std::vector<std::string> locations;
};

// Time is linear in the number of fields; memory in the nesting depth. Any bytes are fine.
// Thread safe.
ExternalScan ScanExternalData(ByteSpan model);

}  // namespace smelt::client
