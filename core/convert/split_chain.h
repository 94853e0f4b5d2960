// SplitChain: the written parts of an artifact, run one after another by the interpreter. What one
// gives the next one takes by its name.
#pragma once

#include <cstdint>
#include <map>
#include <set>
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

  // The inputs of the whole by name, and after it all that the parts gave. kVerificationMismatch
  // when a part lacks an input or does not run.
  Status Run(Tensors& tensors, const CancelToken& cancel) const {
    return RunKeeping(tensors, nullptr, cancel);
  }

  // The whole's outputs from its inputs, in its order: as numbers, whatever integers stand for
  // them. What lies between parts goes with its last
  // reader.
  Result<std::vector<interp::Tensor>> RunAll(const v1::SplitManifest& manifest,
                                             const std::vector<interp::Tensor>& inputs,
                                             const CancelToken& cancel) const;

  const std::vector<ir::Module>& parts() const { return parts_; }

 private:
  // `wanted`: the only names that stay; null: all do.
  Status RunKeeping(Tensors& tensors, const std::set<std::string>* wanted,
                    const CancelToken& cancel) const;

  std::vector<ir::Module> parts_;
};

// Runs a signature with fast kernels, so that both sides of a comparison are run alike.
Result<std::vector<interp::Tensor>> RunSignature(const ir::Module& module,
                                                 const ir::Signature& signature,
                                                 const std::vector<interp::Tensor>& inputs,
                                                 const CancelToken& cancel);

}  // namespace smelt
