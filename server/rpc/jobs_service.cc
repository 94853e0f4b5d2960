#include "server/rpc/jobs_service.h"

#include <string_view>
#include <utility>

#include "server/rpc/job_proto.h"
#include "server/rpc/list_page.h"
#include "server/rpc/unary_call.h"
#include "server/rpc/wait_call.h"
#include "server/rpc/watch_call.h"
#include "smelt/v1/jobs.grpc.pb.h"

namespace smelt::rpc {
namespace {

constexpr std::string_view kService = "smelt.v1.Jobs";

Result<v1::Job> AsProto(Result<jobs::Job> job) {
  if (!job.ok()) return std::move(job).status();
  return ToProto(*job);
}

class JobsService final : public v1::Jobs::CallbackService {
 public:
  JobsService(const RpcContext& context, const JobsDeps& deps) : context_(context), deps_(deps) {}

  grpc::ServerUnaryReactor* Create(grpc::CallbackServerContext* call,
                                   const v1::CreateJobRequest* request,
                                   v1::Job* response) override {
    return RunUnary(context_, call, {kService, "Create"}, response,
                    [this, request] { return AsProto(deps_.admission.Admit(*request)); });
  }

  grpc::ServerUnaryReactor* Get(grpc::CallbackServerContext* call, const v1::GetJobRequest* request,
                                v1::Job* response) override {
    return RunUnary(context_, call, {kService, "Get"}, response,
                    [this, request] { return AsProto(deps_.store.Get(request->id())); });
  }

  grpc::ServerUnaryReactor* List(grpc::CallbackServerContext* call,
                                 const v1::ListJobsRequest* request,
                                 v1::ListJobsResponse* response) override {
    return RunUnary(context_, call, {kService, "List"}, response,
                    [this, request] { return ListPage(deps_.store, *request); });
  }

  grpc::ServerUnaryReactor* Cancel(grpc::CallbackServerContext* call,
                                   const v1::CancelJobRequest* request,
                                   v1::Job* response) override {
    return RunUnary(context_, call, {kService, "Cancel"}, response,
                    [this, request] { return AsProto(deps_.scheduler.Cancel(request->id())); });
  }

  grpc::ServerUnaryReactor* Wait(grpc::CallbackServerContext*, const v1::WaitJobRequest* request,
                                 v1::Job* response) override {
    return StartWait(context_, {deps_.store, deps_.events}, *request, response);
  }

  grpc::ServerWriteReactor<v1::JobEvent>* Watch(grpc::CallbackServerContext*,
                                                const v1::WatchJobRequest* request) override {
    return StartWatch(context_, {deps_.store, deps_.events}, *request);
  }

 private:
  const RpcContext context_;
  const JobsDeps deps_;
};

}  // namespace

std::shared_ptr<grpc::Service> MakeJobsService(const RpcContext& context, const JobsDeps& deps) {
  return std::make_shared<JobsService>(context, deps);
}

}  // namespace smelt::rpc
