// What the reports beside the artifact are made of. Pure functions, safe from any thread.
#pragma once

#include <span>
#include <vector>

#include "core/convert/convert.h"
#include "core/export/tflite/writer.h"
#include "core/import/onnx/importer.h"
#include "core/passes/pass.h"
#include "smelt/v1/op_coverage.pb.h"
#include "smelt/v1/report.pb.h"
#include "smelt/v1/tensor_correspondence.pb.h"

namespace smelt {

// The finished report, node by node.
v1::OpCoverageReport OpCoverageOf(const v1::Report& report, const ConvertRequest& request);

// Where each tensor of the source is, one signature after the other. `model` tells inputs and
// outputs; `orders`, by signature, those of all other tensors that are stored in another order of
// axes. Subgraph i of the file is signature i. `files` are the names of the artifact's files.
v1::TensorCorrespondenceReport TensorCorrespondence(
    const ConvertRequest& request, std::span<const onnx_import::SourceTensor> source,
    std::span<const tflite_export::WrittenTensor> written, std::vector<passes::StoredOrders> orders,
    const v1::ModelSummary& model, std::span<const std::string> files);

// The nodes that errors name, each once, at most 32.
std::vector<ir::SourceNode> RefusedNodes(const v1::Report& report);

}  // namespace smelt
