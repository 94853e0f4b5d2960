// The files beside an artifact: their names, after the model's file, and their bytes. Lives for one
// conversion; borrows the request and the sink.
#pragma once

#include <string>
#include <string_view>

#include "core/base/status.h"
#include "core/convert/convert.h"
#include "core/ir/module.h"
#include "smelt/v1/accuracy.pb.h"
#include "smelt/v1/op_coverage.pb.h"
#include "smelt/v1/tensor_correspondence.pb.h"

namespace smelt {

class ExtraFiles {
 public:
  ExtraFiles(const ConvertRequest& request, ConvertSink& sink) : request_(request), sink_(sink) {}

  // kInvalidArgument when the request wants a dump after what is not a pass.
  Status Check() const;
  bool Wants(ExtraReport report) const { return request_.extra_reports.contains(report); }
  std::string ArtifactName() const;

  // The module's text, if the request wants it after that pass.
  Status AddDump(std::string_view pass, const ir::Module& module);
  Status AddCoverage(const v1::OpCoverageReport& report);
  Status AddTensors(const v1::TensorCorrespondenceReport& report);
  Status AddAccuracy(const v1::AccuracyReport& report);
  Status AddReproducer(const std::string& model);

 private:
  Status Add(const std::string& suffix, std::string_view kind, const std::string& text);

  const ConvertRequest& request_;
  ConvertSink& sink_;
};

}  // namespace smelt
