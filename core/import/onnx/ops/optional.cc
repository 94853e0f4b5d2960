// OptionalHasElement and OptionalGetElement of plain tensors, which are always there. Inputs of an
// optional type have no tensor type and are refused where they are declared.
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {
namespace {

Status InferHasElement(OnnxNode& node) {
  node.SetOutputType(0, {ir::DType::kBool, ir::Shape{}});
  return Status::Ok();
}

Status TranslateHasElement(OnnxNode& node, ir::Builder& out) {
  node.SetOutput(0, out.Scalar(ir::DType::kBool, node.has_input(0) ? 1 : 0));
  return out.status();
}

Status TranslateGetElement(OnnxNode& node, ir::Builder& out) {
  node.SetOutput(0, node.input(0));
  return out.status();
}

constexpr OnnxRule kRules[] = {
    {"", "OptionalGetElement", 15, 28, {}, SameAsFirst, TranslateGetElement},
    {"", "OptionalHasElement", 15, 28, {}, InferHasElement, TranslateHasElement},
};

}  // namespace

std::span<const OnnxRule> OptionalRules() { return kRules; }

}  // namespace smelt::onnx_import
