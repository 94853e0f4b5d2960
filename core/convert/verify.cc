#include "core/convert/verify.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <string>
#include <vector>

#include "core/convert/port_numbers.h"
#include "core/convert/sample_inputs.h"
#include "core/convert/tensor_errors.h"
#include "core/interp/evaluate.h"

namespace smelt {
namespace {

constexpr double kAbsoluteTolerance = 1e-5;

using Tensors = std::vector<interp::Tensor>;

Result<Tensors> Run(const ir::Module& module, const ir::Signature& signature, const Tensors& inputs,
                    const CancelToken& cancel) {
  interp::EvaluateOptions options;
  options.kernels = interp::Kernels::kFast;
  options.cancel = &cancel;
  return interp::Evaluate(module, signature.graph, inputs, options);
}

struct Difference {
  double max_abs = 0;  // over finite pairs
  double max_abs_reference = 0;
  bool disagree = false;  // NaN or infinity on one side only, or different integers
  double cosine = 0;      // over finite pairs; 0: means nothing
};

Difference Compare(const interp::Tensor& reference, const interp::Tensor& written) {
  Difference difference;
  if (!ir::IsFloat(reference.dtype())) {
    const ByteSpan a = reference.bytes();
    const ByteSpan b = written.bytes();
    difference.disagree = !std::equal(a.begin(), a.end(), b.begin(), b.end());
    return difference;
  }
  const interp::Tensor a =
      interp::Tensor::FromConstant(reference.ToConstant().Cast(ir::DType::kF64));
  const interp::Tensor b = interp::Tensor::FromConstant(written.ToConstant().Cast(ir::DType::kF64));
  const auto left = a.values<double>();
  const auto right = b.values<double>();
  double product = 0, left_square = 0, right_square = 0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (std::isfinite(left[i]) && std::isfinite(right[i])) {
      difference.max_abs = std::max(difference.max_abs, std::abs(left[i] - right[i]));
      difference.max_abs_reference = std::max(difference.max_abs_reference, std::abs(left[i]));
      product += left[i] * right[i];
      left_square += left[i] * left[i];
      right_square += right[i] * right[i];
    } else {
      const bool same = std::isnan(left[i]) ? std::isnan(right[i]) : left[i] == right[i];
      difference.disagree = difference.disagree || !same;
    }
  }
  const double lengths = std::sqrt(left_square) * std::sqrt(right_square);
  if (lengths > 0 && std::isfinite(lengths)) difference.cosine = product / lengths;
  return difference;
}

// What is wrong with an output, or nothing.
std::string Objection(const Difference& difference, bool is_float, const Tolerance& tolerance) {
  if (!is_float && tolerance.values_may_change) return "";
  const double allowed = tolerance.relative * difference.max_abs_reference + kAbsoluteTolerance;
  if (difference.disagree || difference.max_abs > allowed) {
    return "largest difference " + std::to_string(difference.max_abs) + ", allowed " +
           std::to_string(allowed) +
           (difference.disagree ? "; values that must be equal differ" : "");
  }
  // Numbers around zero have any direction.
  if (is_float && difference.max_abs > kAbsoluteTolerance &&
      difference.cosine < tolerance.least_cosine) {
    return "cosine " + std::to_string(difference.cosine) + " to the source's values, allowed " +
           std::to_string(tolerance.least_cosine);
  }
  return "";
}

Status Mismatch(const std::string& output, const std::string& what) {
  return Status(Reason::kVerificationMismatch, "output \"" + output + "\": " + what);
}

Status OtherValues(const std::string& output, const std::string& what, const Tolerance& tolerance,
                   const ir::Diagnostics& said) {
  if (tolerance.least_cosine > 0) {
    return Status(Reason::kVerificationMismatch, "output \"" + output + "\": " + what,
                  "The weights may not bear so few digits: keep more of them float32 "
                  "(--quantize-min-elements), or verify the structure alone and judge on data.");
  }
  const auto narrowed = std::ranges::find_if(said, [](const ir::Diagnostic& one) {
    return one.severity == ir::Severity::kWarning && one.reason == Reason::kRuntimeTypeUnsupported;
  });
  if (narrowed == said.end()) return Mismatch(output, what);
  const std::string node = narrowed->node ? " (node \"" + narrowed->node->name + "\")" : "";
  return Status(Reason::kRuntimeTypeUnsupported,
                narrowed->message + node + "; so the file gives other values: output \"" + output +
                    "\": " + what,
                "Make the model's sums and products fit into float32, and export it in that type.");
}

// Whether the sizes differ only along axes that the graph leaves to the run.
bool DifferWhereOpen(const ir::Shape& declared, const interp::Tensor& a, const interp::Tensor& b) {
  if (a.rank() != b.rank()) return false;
  for (int axis = 0; axis < a.rank(); ++axis) {
    if (a.dim(axis) != b.dim(axis) && declared.dim(axis).is_static()) return false;
  }
  return true;
}

Status CompareOutputs(const ir::Module& module, const ir::Signature& signature,
                      const Tensors& expected, const Tensors& actual, const Tolerance& tolerance,
                      const ir::Diagnostics& said, v1::Verification& verification) {
  if (expected.size() != actual.size()) {
    return Status(Reason::kVerificationMismatch,
                  "the graph has " + std::to_string(expected.size()) + " outputs, the file " +
                      std::to_string(actual.size()));
  }
  const ir::Graph& graph = module.graph(signature.graph);
  const std::vector<ir::ValueId> outputs = graph.outputs();
  Status first;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const std::string& name = signature.output_names[i];
    const bool same_type = expected[i].dtype() == actual[i].dtype();
    const bool same_shape = expected[i].shape() == actual[i].shape();
    const ir::Shape& declared = graph.type(outputs[i]).shape;
    if (same_type && !same_shape && tolerance.values_may_change &&
        DifferWhereOpen(declared, expected[i], actual[i])) {
      continue;  // of another length: there is nothing to compare element by element
    }
    if (!same_type || !same_shape) {
      return Mismatch(
          name, "the graph gives " + TypeText(expected[i]) + ", the file " + TypeText(actual[i]));
    }
    const Difference difference = Compare(expected[i], actual[i]);
    auto* output = verification.add_outputs();
    output->set_name(name);
    if (module.signatures.size() > 1) output->set_signature(signature.key);
    output->set_max_abs_difference(difference.max_abs);
    output->set_max_abs_reference(difference.max_abs_reference);
    output->set_cosine(difference.cosine);
    const std::string objection =
        Objection(difference, ir::IsFloat(expected[i].dtype()), tolerance);
    if (first.ok() && !objection.empty()) first = OtherValues(name, objection, tolerance, said);
  }
  return first;
}

// One signature, on the first of the samples that it runs with.
class SignatureRun {
 public:
  SignatureRun(const ir::Module& reference, const RunWritten& written, std::size_t place)
      : reference_(reference),
        written_(written),
        place_(place),
        signature_(reference.signatures[place]) {}

  Status Compare(const Tolerance& tolerance, const ir::Diagnostics& said, const CancelToken& cancel,
                 v1::Verification& verification) const {
    const int outputs_before = verification.outputs_size();
    for (const SampleOptions& options : SampleAttempts()) {
      try {
        SMELT_RETURN_IF_ERROR(CompareOn(options, tolerance, said, cancel, verification));
      } catch (const std::bad_alloc&) {
        while (verification.outputs_size() > outputs_before) {
          verification.mutable_outputs()->RemoveLast();
        }
        verification.set_not_run_because(
            std::string(ReasonName(Reason::kOutOfMemory)) +
            ": the tensors of a run take more memory than the worker may have");
      }
      if (verification.not_run_because().empty()) break;
    }
    return Status::Ok();
  }

 private:
  Status CompareOn(const SampleOptions& options, const Tolerance& tolerance,
                   const ir::Diagnostics& said, const CancelToken& cancel,
                   v1::Verification& verification) const {
    const auto inputs = SampleInputs(reference_, signature_, options);
    if (!inputs.ok()) {
      verification.set_not_run_because(std::string(inputs.status().message()));
      return Status::Ok();
    }
    const auto expected = Run(reference_, signature_, *inputs, cancel);
    SMELT_RETURN_IF_ERROR(cancel.Check());
    if (!expected.ok()) {
      verification.set_not_run_because(expected.status().ToString());
      return Status::Ok();
    }
    if (tolerance.finite_only && !AreFinite(*expected)) {
      verification.set_not_run_because(
          "the source gives NaN or infinity, which integers can't say");
      return Status::Ok();
    }
    verification.clear_not_run_because();
    const auto actual = written_(place_, *inputs);
    SMELT_RETURN_IF_ERROR(cancel.Check());
    if (!actual.ok()) {
      return Status(Reason::kVerificationMismatch,
                    "the written file does not run: " + actual.status().ToString());
    }
    return CompareOutputs(reference_, signature_, *expected, *actual, tolerance, said,
                          verification);
  }

  const ir::Module& reference_;
  const RunWritten& written_;
  std::size_t place_;
  const ir::Signature& signature_;
};

}  // namespace

bool AreFinite(const std::vector<interp::Tensor>& tensors) {
  return std::ranges::all_of(tensors, [](const interp::Tensor& tensor) {
    return tensor.dtype() != ir::DType::kF32 ||
           std::ranges::all_of(tensor.values<float>(), [](float x) { return std::isfinite(x); });
  });
}

Status VerifyByRunning(const ir::Module& reference, const ir::Module& written,
                       const Tolerance& tolerance, const ir::Diagnostics& said,
                       const CancelToken& cancel, v1::Verification& verification) {
  const RunWritten run = [&](std::size_t place, const Tensors& inputs) -> Result<Tensors> {
    const ir::Signature& signature = written.signatures[place];
    SMELT_ASSIGN_OR_RETURN(Tensors outputs,
                           Run(written, signature, AsFed(written, signature, inputs), cancel));
    std::ranges::transform(outputs, outputs.begin(), AsNumbers);
    return outputs;
  };
  return VerifyByRunning(reference, run, tolerance, said, cancel, verification);
}

Status VerifyByRunning(const ir::Module& reference, const RunWritten& written,
                       const Tolerance& tolerance, const ir::Diagnostics& said,
                       const CancelToken& cancel, v1::Verification& verification) {
  verification.set_mode(v1::Verification::RUN);
  verification.set_reference("imported_graph");
  std::string not_run;  // the first signature that could not, and why
  for (std::size_t i = 0; i < reference.signatures.size(); ++i) {
    const std::string which = reference.signatures.size() == 1
                                  ? ""
                                  : "signature \"" + reference.signatures[i].key + "\": ";
    verification.clear_not_run_because();
    const SignatureRun run(reference, written, i);
    const Status status = run.Compare(tolerance, said, cancel, verification);
    if (!status.ok()) {
      return Status(status.reason(), which + std::string(status.message()),
                    std::string(status.hint()));
    }
    if (verification.not_run_because().empty() || !not_run.empty()) continue;
    not_run = which + verification.not_run_because();
  }
  verification.set_not_run_because(not_run);
  return Status::Ok();
}

}  // namespace smelt
