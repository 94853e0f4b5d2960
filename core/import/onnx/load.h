// Loading: from a file's bytes to a parsed model without payloads, plus where the payloads are.
// Exceptions of the protobuf library stop here.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/import/onnx/importer.h"
#include "core/import/onnx/wire_scan.h"

namespace onnx {
class ModelProto;
class NodeProto;
}  // namespace onnx

namespace smelt::onnx_import {

struct LoadedModel {
  std::unique_ptr<onnx::ModelProto> proto;  // payloads removed; see wire_scan.h
  std::vector<TensorSpan> tensors;

  LoadedModel();
  ~LoadedModel();
  LoadedModel(LoadedModel&&) noexcept;
};

// The errors of ScanModel, and kModelMalformed or kModelTruncated when the parse finds more.
Result<LoadedModel> LoadModel(ByteSpan bytes, const ImportLimits& limits);

// A node's metadata_props entry (a field newer than the protobuf classes that we build with); empty
// when absent.
std::string NodeMetadata(const onnx::NodeProto& node, std::string_view key);

// The module path that PyTorch's exporters leave on a node: the innermost scope of
// "pkg.torch.onnx.name_scopes", a Python list of strings as text. Empty when there is none or when
// the text is not such a list.
std::string ModulePath(const onnx::NodeProto& node);

}  // namespace smelt::onnx_import
