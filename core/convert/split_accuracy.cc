#include "core/convert/split_accuracy.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <set>
#include <string>

#include "core/convert/sample_inputs.h"
#include "core/convert/split_files.h"

namespace smelt {
namespace {

std::vector<double> Numbers(const interp::Tensor& tensor) {
  const interp::Tensor wide =
      interp::Tensor::FromConstant(tensor.ToConstant().Cast(ir::DType::kF64));
  const auto values = wide.values<double>();
  return {values.begin(), values.end()};
}

void Measure(const interp::Tensor& reference, const interp::Tensor& part,
             v1::SplitAccuracyReport::Output& output) {
  const std::vector<double> a = Numbers(reference);
  const std::vector<double> b = Numbers(part);
  double squares = 0, sum = 0, dot = 0, norm_a = 0, norm_b = 0, max_abs = 0, max_reference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!std::isfinite(a[i]) || !std::isfinite(b[i])) continue;
    const double difference = std::abs(a[i] - b[i]);
    max_abs = std::max(max_abs, difference);
    max_reference = std::max(max_reference, std::abs(a[i]));
    sum += difference;
    squares += difference * difference;
    dot += a[i] * b[i];
    norm_a += a[i] * a[i];
    norm_b += b[i] * b[i];
  }
  const auto count = static_cast<double>(std::max<std::size_t>(a.size(), 1));
  output.set_max_abs(max_abs);
  output.set_mean_abs(sum / count);
  output.set_rmse(std::sqrt(squares / count));
  // Two zero vectors are equal.
  const double norms = std::sqrt(norm_a) * std::sqrt(norm_b);
  output.set_cosine_similarity(norms > 0 ? std::min(dot / norms, 1.0) : (norm_a == norm_b ? 1 : 0));
  output.set_ref_max_abs(max_reference);
  output.set_trivial(std::ranges::all_of(a, [&](double value) { return value == a.front(); }));
}

// What a tensor that is not equal differs in, for a message.
std::string Difference(const interp::Tensor& expected, const interp::Tensor& actual,
                       double max_abs) {
  if (expected.dtype() != actual.dtype()) return "it is of another type";
  if (expected.shape() != actual.shape()) return "it has another shape";
  if (max_abs > 0) return "largest difference " + std::to_string(max_abs);
  return "no number differs, but NaN, infinity or the sign of a zero";
}

bool IsNumeric(ir::DType dtype) {
  return ir::IsFloat(dtype) || ir::IsInteger(dtype) || dtype == ir::DType::kBool;
}

class Comparison {
 public:
  Comparison(const ir::Module& unsplit, std::size_t model_outputs, const SplitChain& chain,
             const CancelToken& cancel, v1::SplitAccuracyReport& report)
      : unsplit_(unsplit),
        signature_(unsplit.signatures[0]),
        chain_(chain),
        cancel_(cancel),
        report_(report),
        model_outputs_(
            signature_.output_names.begin(),
            signature_.output_names.begin() + static_cast<std::ptrdiff_t>(model_outputs)) {}

  Status RunOn(const SampleOptions& options) {
    const auto inputs = SampleInputs(unsplit_, signature_, options);
    if (!inputs.ok()) return NotRun(inputs.status());
    const auto expected = RunSignature(unsplit_, signature_, *inputs, cancel_);
    SMELT_RETURN_IF_ERROR(cancel_.Check());
    if (!expected.ok()) return NotRun(expected.status());
    SplitChain::Tensors reference;
    SplitChain::Tensors tensors;
    for (std::size_t i = 0; i < inputs->size(); ++i) {
      tensors.emplace(signature_.input_names[i], (*inputs)[i]);
    }
    for (std::size_t i = 0; i < expected->size(); ++i) {
      reference.emplace(signature_.output_names[i], (*expected)[i]);
    }
    SMELT_RETURN_IF_ERROR(chain_.Run(tensors, cancel_));
    report_.set_seed(static_cast<std::uint32_t>(options.seed));
    report_.set_num_samples(1);
    report_.clear_not_run_because();
    return Compare(reference, tensors);
  }

 private:
  Status NotRun(const Status& why) {
    report_.set_not_run_because(why.ToString());
    return Status::Ok();
  }

  Status Compare(const SplitChain::Tensors& reference, const SplitChain::Tensors& tensors) {
    Status first;
    for (std::size_t part = 0; part < chain_.parts().size(); ++part) {
      for (const std::string& name : chain_.parts()[part].signatures[0].output_names) {
        const interp::Tensor& expected = reference.at(name);
        const interp::Tensor& actual = tensors.at(name);
        v1::SplitAccuracyReport::Output& output = *report_.add_per_output_metrics();
        output.set_name(name);
        output.set_partition_id(static_cast<std::uint32_t>(part + 1));
        output.set_is_model_output(model_outputs_.contains(name));
        output.set_type(NumpyName(expected.dtype()));
        for (const std::int64_t size : expected.shape()) {
          output.add_shape(static_cast<std::int32_t>(size));
        }
        const bool equal = expected.dtype() == actual.dtype() &&
                           expected.shape() == actual.shape() &&
                           std::ranges::equal(expected.bytes(), actual.bytes());
        output.set_bit_equal(equal);
        if (expected.shape() == actual.shape() && IsNumeric(expected.dtype())) {
          Measure(expected, actual, output);
        }
        if (equal || !first.ok()) continue;
        first = Status(Reason::kVerificationMismatch,
                       "part " + std::to_string(part + 1) + " gives another \"" + name +
                           "\" than the graph that it was cut from: " +
                           Difference(expected, actual, output.max_abs()));
      }
    }
    report_.set_evaluation_pass(first.ok());
    return first;
  }

  const ir::Module& unsplit_;
  const ir::Signature& signature_;
  const SplitChain& chain_;
  const CancelToken& cancel_;
  v1::SplitAccuracyReport& report_;
  std::set<std::string> model_outputs_;
};

}  // namespace

Status CompareParts(const ir::Module& unsplit, std::size_t model_outputs, const SplitChain& chain,
                    const CancelToken& cancel, v1::SplitAccuracyReport& report) {
  report.set_inputs_source("seeded_random");
  report.set_reference_mode("unsplit_graph");
  Comparison comparison(unsplit, model_outputs, chain, cancel, report);
  for (const SampleOptions& options : SampleAttempts()) {
    try {
      SMELT_RETURN_IF_ERROR(comparison.RunOn(options));
    } catch (const std::bad_alloc&) {
      report.clear_per_output_metrics();
      report.clear_seed();
      report.clear_num_samples();
      report.set_not_run_because(
          std::string(ReasonName(Reason::kOutOfMemory)) +
          ": the tensors of a run take more memory than the worker may have");
    }
    if (report.not_run_because().empty()) break;
  }
  return Status::Ok();
}

}  // namespace smelt
