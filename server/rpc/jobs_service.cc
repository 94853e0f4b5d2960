#include "server/rpc/jobs_service.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "server/rpc/job_proto.h"
#include "server/rpc/page_token.h"
#include "server/rpc/unary_call.h"
#include "server/rpc/wait_call.h"
#include "server/rpc/watch_call.h"
#include "smelt/v1/jobs.grpc.pb.h"

namespace smelt::rpc {
namespace {

constexpr std::string_view kService = "smelt.v1.Jobs";
constexpr std::uint32_t kDefaultPage = 50;
constexpr std::uint32_t kMaxPage = 1000;

Result<v1::Job> AsProto(Result<jobs::Job> job) {
  if (!job.ok()) return std::move(job).status();
  return ToProto(*job);
}

Result<v1::ListJobsResponse> ListPage(jobs::JobStore& store, const v1::ListJobsRequest& request) {
  jobs::JobQuery query;
  for (const int number : request.states()) {
    SMELT_ASSIGN_OR_RETURN(const jobs::JobState state,
                           FromProto(static_cast<v1::JobState>(number)));
    query.states.push_back(state);
  }
  SMELT_ASSIGN_OR_RETURN(query.before_id, ReadPageToken(request.page_token(), query.states));
  const std::uint32_t wanted = request.page_size() == 0 ? kDefaultPage : request.page_size();
  const std::size_t size = std::min(wanted, kMaxPage);
  query.limit = size + 1;  // one more tells whether there is another page
  SMELT_ASSIGN_OR_RETURN(const std::vector<jobs::Job> found, store.List(query));

  v1::ListJobsResponse response;
  for (std::size_t i = 0; i < std::min(size, found.size()); ++i) {
    *response.add_jobs() = ToProto(found[i]);
  }
  if (found.size() > size) {
    response.set_next_page_token(MakePageToken(found[size - 1].id, query.states));
  }
  return response;
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
