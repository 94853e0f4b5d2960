// Operators that pass their input on: Identity, and Dropout as inference runs it.
#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::DType;
using ir::OpKind;

Status InferIdentity(OnnxNode& node) {
  SMELT_RETURN_IF_ERROR(SameAsFirst(node));
  if (auto dims = node.input_elements(0)) node.SetOutputDims(0, *std::move(dims));
  return Status::Ok();
}

// The mask has the input's type before opset 10 and is boolean since.
Status InferDropout(OnnxNode& node) {
  SMELT_RETURN_IF_ERROR(SameAsFirst(node));
  if (node.has_output(1) && node.knows_input(0)) {
    const DType type = node.schema_version() < 10 ? node.input_dtype(0) : DType::kBool;
    node.SetOutputType(1, {type, node.input_shape(0)});
  }
  return Status::Ok();
}

Status TranslateIdentity(OnnxNode& node, Builder& out) {
  node.SetOutput(0, node.input(0));
  return out.status();
}

// Outside training nothing is dropped: since opset 12 the mask is true everywhere. Before, the
// definition left it open; ONNX Runtime fills it with zeros.
Status TranslateDropout(OnnxNode& node, Builder& out) {
  const ir::ValueId x = node.input(0);
  node.SetOutput(0, x);
  if (node.has_output(1)) {
    const ir::ValueId differs = out.Emit(OpKind::kNotEqual, {x, x});
    const ir::ValueId same = out.Unary(OpKind::kLogicalNot, differs);
    const bool kept = node.schema_version() >= 12;
    const ir::ValueId mask =  // NaN, which differs from itself, included
        out.Emit(kept ? OpKind::kLogicalOr : OpKind::kLogicalAnd, {same, differs});
    node.SetOutput(1, out.Cast(mask, node.output_type(1)->dtype));
  }
  return out.status();
}

// Nothing is dropped at random. A training_mode that only the run tells may be true, and a result
// without its dropout would not say so.
Verdict DoesNotTrain(const OnnxNode& node, Bounds, Finding& finding) {
  if (node.schema_version() < 7) {
    return node.Int("is_test", 0) != 0 ? Verdict::kHolds : Violated("is_test = 0", finding);
  }
  if (node.schema_version() < 12 || !node.has_input(2)) return Verdict::kHolds;
  const auto training = node.input_ints(2);
  if (training && training->size() == 1 && (*training)[0] == 0) return Verdict::kHolds;
  const auto ratio = node.has_input(1) ? node.input_doubles(1) : std::nullopt;
  if (ratio && ratio->size() == 1 && (*ratio)[0] == 0) return Verdict::kHolds;
  return Violated(node, 2, training ? "training_mode true" : "training_mode computed at run time",
                  finding);
}

constexpr OnnxConstraint kDropout[] = {
    {Reason::kUnsupportedAttributeValue,
     DoesNotTrain,
     {},
     "training_mode is absent or false, or ratio is constant 0; before opset 7, is_test is 1"},
};

constexpr OnnxRule kRules[] = {
    {"", "Dropout", 1, 22, kDropout, InferDropout, TranslateDropout},
    {"", "Identity", 1, 25, {}, InferIdentity, TranslateIdentity},
};

}  // namespace

std::span<const OnnxRule> IdentityRules() { return kRules; }

}  // namespace smelt::onnx_import
