#include "core/convert/split_chain.h"

#include "core/interp/evaluate.h"

namespace smelt {

Status SplitChain::Run(Tensors& tensors, const CancelToken& cancel) const {
  for (std::size_t part = 0; part < parts_.size(); ++part) {
    const ir::Signature& signature = parts_[part].signatures[0];
    const std::string where = "part " + std::to_string(part + 1) + ": ";
    std::vector<interp::Tensor> inputs;
    for (const std::string& name : signature.input_names) {
      const auto tensor = tensors.find(name);
      if (tensor == tensors.end()) {
        return Status(Reason::kVerificationMismatch,
                      where + "nobody gives its input \"" + name + "\"");
      }
      inputs.push_back(tensor->second);
    }
    auto outputs = RunSignature(parts_[part], signature, inputs, cancel);
    SMELT_RETURN_IF_ERROR(cancel.Check());
    if (!outputs.ok()) {
      return Status(outputs.status().reason(), where + std::string(outputs.status().message()));
    }
    for (std::size_t i = 0; i < outputs->size(); ++i) {
      tensors.insert_or_assign(signature.output_names[i], std::move((*outputs)[i]));
    }
  }
  return Status::Ok();
}

Result<std::vector<interp::Tensor>> SplitChain::RunAll(const v1::SplitManifest& manifest,
                                                       const std::vector<interp::Tensor>& inputs,
                                                       const CancelToken& cancel) const {
  Tensors tensors;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    tensors.emplace(manifest.inputs(static_cast<int>(i)).name(), inputs[i]);
  }
  SMELT_RETURN_IF_ERROR(Run(tensors, cancel));
  std::vector<interp::Tensor> outputs;
  for (const v1::SplitTensor& output : manifest.outputs()) {
    const auto tensor = tensors.find(output.name());
    if (tensor == tensors.end()) {
      return Status(Reason::kVerificationMismatch, "no part gives \"" + output.name() + "\"");
    }
    outputs.push_back(tensor->second);
  }
  return outputs;
}

Result<std::vector<interp::Tensor>> RunSignature(const ir::Module& module,
                                                 const ir::Signature& signature,
                                                 const std::vector<interp::Tensor>& inputs,
                                                 const CancelToken& cancel) {
  interp::EvaluateOptions options;
  options.kernels = interp::Kernels::kFast;
  options.cancel = &cancel;
  return interp::Evaluate(module, signature.graph, inputs, options);
}

}  // namespace smelt
