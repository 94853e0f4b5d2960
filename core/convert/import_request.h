// What a conversion asks of the importer.
#pragma once

#include "core/base/result.h"
#include "core/convert/convert.h"
#include "core/import/onnx/importer.h"

namespace smelt {

// One entry point a signature, in the request's order; one called "serving_default" when it names
// none. A signature's own dims, from and to go before the request's. Borrows the request's
// external files. kInvalidArgument for two signatures of one key.
Result<onnx_import::ImportRequest> MakeImportRequest(const ConvertRequest& request);

}  // namespace smelt
