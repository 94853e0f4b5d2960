// SplitChain: the written parts of an artifact, run one after another by the interpreter. What one
// gives the next one takes by its name.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/base/cancel_token.h"
#include "core/base/result.h"
#include "core/interp/tensor.h"
#include "core/ir/module.h"
#include "smelt/v1/split.pb.h"

namespace smelt {

class SplitChain {
 public:
  using Tensors = std::map<std::string, interp::Tensor>;

  // Views over the bytes of the files, read back.
  explicit SplitChain(std::vector<ir::Module> parts) : parts_(std::move(parts)) {}

  // The inputs of the whole by name, and after it all that the parts gave.
  Status Run(Tensors& tensors, const CancelToken& cancel) const;

  // The whole's outputs from its inputs, in its order.
  Result<std::vector<interp::Tensor>> RunAll(const v1::SplitManifest& manifest,
                                             const std::vector<interp::Tensor>& inputs,
                                             const CancelToken& cancel) const;

  const std::vector<ir::Module>& parts() const { return parts_; }

 private:
  std::vector<ir::Module> parts_;
};

// Runs a signature with fast kernels, so that both sides of a comparison are run alike.
Result<std::vector<interp::Tensor>> RunSignature(const ir::Module& module,
                                                 const ir::Signature& signature,
                                                 const std::vector<interp::Tensor>& inputs,
                                                 const CancelToken& cancel);

}  // namespace smelt
