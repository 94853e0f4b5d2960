// The Jobs service: turns calls into questions to admission, scheduler, ledger and event log.
#pragma once

#include <memory>

#include "server/jobs/admission.h"
#include "server/jobs/event_log.h"
#include "server/jobs/job_store.h"
#include "server/jobs/scheduler.h"
#include "server/rpc/rpc_context.h"

namespace grpc {
class Service;
}

namespace smelt::rpc {

struct JobsDeps {  // outlive the server
  jobs::Admission& admission;
  jobs::Scheduler& scheduler;
  jobs::JobStore& store;
  jobs::EventLog& events;
};

std::shared_ptr<grpc::Service> MakeJobsService(const RpcContext& context, const JobsDeps& deps);

}  // namespace smelt::rpc
