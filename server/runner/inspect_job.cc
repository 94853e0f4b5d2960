#include "server/runner/inspect_job.h"

#include "server/runner/descriptors.h"
#include "server/runner/mapped_input.h"

namespace smelt::runner {

Status RunInspection(const Library& library, const worker::v1::Start& start,
                     const std::vector<UniqueFd>& descriptors, ConvertSink& sink,
                     const CancelToken& cancel, v1::Report* report) {
  InspectRequest request;
  SMELT_ASSIGN_OR_RETURN(const int model_fd, DescriptorAt(descriptors, start.model_fd_index()));
  SMELT_ASSIGN_OR_RETURN(request.model, MapReadOnly(model_fd));
  if (!start.file_name().empty()) request.file_name = start.file_name();
  request.model_sha256 = start.model_sha256();
  // A sign of life: what happens from here on is the model's doing.
  sink.OnProgress("inspect", 0, 0, "bytes");
  return library.inspect(request, sink, cancel, report);
}

}  // namespace smelt::runner
