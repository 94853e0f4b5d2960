#include "client/view/job_kind.h"

namespace smelt::client {

std::string_view KindOf(const v1::Job& job) {
  switch (job.operation_case()) {
    case v1::Job::kConvert:
      return "convert";
    case v1::Job::kInspect:
      return "inspect";
    case v1::Job::OPERATION_NOT_SET:
      break;
  }
  return "";
}

const v1::ModelInput& InputOf(const v1::Job& job) {
  // An absent message reads as its empty default.
  return job.has_inspect() ? job.inspect().input() : job.convert().input();
}

}  // namespace smelt::client
