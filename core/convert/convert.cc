#include "core/convert/convert.h"

#include "core/convert/conversion.h"
#include "core/report/to_proto.h"

namespace smelt {

Status Convert(const ConvertRequest& request, ConvertSink& sink, const CancelToken& cancel,
               v1::Report* report) {
  Status status = Conversion(request, sink, cancel, *report).Run();
  if (!status.ok() && report->state().empty()) {
    report::FailWith(status, "convert", *report);
    if (status.reason() == Reason::kCancelled) report->set_state("cancelled");
  }
  return status;
}

std::string_view ConverterVersion() { return SMELT_VERSION; }

}  // namespace smelt
