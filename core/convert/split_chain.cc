#include "core/convert/split_chain.h"

#include <string_view>

#include "core/convert/port_numbers.h"
#include "core/interp/evaluate.h"

namespace smelt {

Status SplitChain::RunKeeping(Tensors& tensors, const std::set<std::string>* wanted,
                              const CancelToken& cancel) const {
  std::map<std::string_view, std::size_t> last_readers;
  for (std::size_t part = 0; part < parts_.size(); ++part) {
    for (const std::string& name : parts_[part].signatures[0].input_names) {
      last_readers[name] = part;
    }
  }
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
    inputs = AsFed(parts_[part], signature, inputs);
    auto outputs = RunSignature(parts_[part], signature, inputs, cancel);
    SMELT_RETURN_IF_ERROR(cancel.Check());
    // Whatever the reason is called: a written file that does not run is wrong.
    if (!outputs.ok()) {
      return Status(Reason::kVerificationMismatch,
                    where + "the written file does not run: " + outputs.status().ToString());
    }
    for (std::size_t i = 0; i < outputs->size(); ++i) {
      tensors.insert_or_assign(signature.output_names[i], std::move((*outputs)[i]));
    }
    if (wanted == nullptr) continue;
    for (const auto* names : {&signature.input_names, &signature.output_names}) {
      for (const std::string& name : *names) {
        const auto reader = last_readers.find(name);
        const bool is_read = reader != last_readers.end() && reader->second > part;
        if (!is_read && !wanted->contains(name)) tensors.erase(name);
      }
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
  std::set<std::string> wanted;
  for (const v1::SplitTensor& output : manifest.outputs()) wanted.insert(output.name());
  SMELT_RETURN_IF_ERROR(RunKeeping(tensors, &wanted, cancel));
  std::vector<interp::Tensor> outputs;
  for (const v1::SplitTensor& output : manifest.outputs()) {
    const auto tensor = tensors.find(output.name());
    if (tensor == tensors.end()) {
      return Status(Reason::kVerificationMismatch, "no part gives \"" + output.name() + "\"");
    }
    outputs.push_back(AsNumbers(tensor->second));
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
