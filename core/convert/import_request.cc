#include "core/convert/import_request.h"

#include <algorithm>

namespace smelt {
namespace {

using onnx_import::EntryPoint;

Result<std::vector<EntryPoint>> EntryPoints(const ConvertRequest& request) {
  EntryPoint common;
  common.dims = request.dims;
  common.input_shapes = request.input_shapes;
  common.batch = request.batch;
  common.from = request.from;
  common.to = request.to;
  if (request.signatures.empty()) return std::vector{common};
  if (request.split && request.signatures.size() > 1) {
    return Status(Reason::kInvalidArgument,
                  "an artifact with several signatures can't be written in parts",
                  "Convert each signature by itself.");
  }
  std::vector<EntryPoint> entries;
  for (const SignatureRequest& signature : request.signatures) {
    if (std::ranges::find(entries, signature.key, &EntryPoint::key) != entries.end()) {
      return Status(Reason::kInvalidArgument,
                    "two signatures are called \"" + signature.key + "\"");
    }
    EntryPoint& entry = entries.emplace_back(common);
    entry.key = signature.key;
    for (const auto& [name, size] : signature.dims) entry.dims[name] = size;
    if (!signature.from.empty()) entry.from = signature.from;
    if (!signature.to.empty()) entry.to = signature.to;
  }
  return entries;
}

}  // namespace

Result<onnx_import::ImportRequest> MakeImportRequest(const ConvertRequest& request) {
  onnx_import::ImportRequest source;
  source.model = request.model;
  source.external_files = &request.external_files;
  SMELT_ASSIGN_OR_RETURN(source.entries, EntryPoints(request));
  source.custom_operators = {request.custom_operators.all, request.custom_operators.names};
  source.list_tensors = request.extra_reports.contains(ExtraReport::kTensorCorrespondence);
  return source;
}

}  // namespace smelt
