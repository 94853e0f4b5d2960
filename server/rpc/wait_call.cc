#include "server/rpc/wait_call.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "server/rpc/call_guard.h"
#include "server/rpc/error_details.h"
#include "server/rpc/job_proto.h"
#include "server/rpc/open_call.h"
#include "server/rpc/state_reactor.h"

namespace smelt::rpc {
namespace {

constexpr MethodName kMethod{"smelt.v1.Jobs", "Wait"};
constexpr double kDefaultSeconds = 60;
constexpr double kMaxSeconds = 600;
// What waits for its time outlives a call that was answered, or given up, by this much at most.
constexpr std::chrono::milliseconds kLongestStep{2'000};

std::chrono::milliseconds Limit(const v1::WaitJobRequest& request) {
  const double wanted = request.timeout_seconds();
  const double seconds = wanted > 0 ? std::min(wanted, kMaxSeconds) : kDefaultSeconds;
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

// What the reactor and the pool's tasks share.
class WaitState final : public LiveCall, public std::enable_shared_from_this<WaitState> {
 public:
  WaitState(const RpcContext& context, const JobReaders& readers, const v1::WaitJobRequest& request,
            v1::Job* response, grpc::ServerUnaryReactor* reactor)
      : context_(context),
        readers_(readers),
        job_id_(request.id()),
        limit_(Limit(request)),
        response_(response),
        guard_(context.metrics, context.clock, kMethod),
        call_(reactor) {}

  void Begin();
  void Close(const Status& why) override { call_.Finish(ToGrpcStatus(why)); }
  void Cancelled() { call_.Finish(grpc::Status::CANCELLED); }
  void Done();

 private:
  // Answers when `left` is over, whatever the job's state.
  void AnswerAfter(std::chrono::milliseconds left);
  // Answers when the job has finished, or as it is when the `time_is_over`. Blocks on the store.
  void Look(bool time_is_over);

  const RpcContext context_;
  const JobReaders readers_;
  const std::string job_id_;
  const std::chrono::milliseconds limit_;
  v1::Job* const response_;  // gRPC's; written only while the call is open
  std::mutex mutex_;
  bool done_ = false;
  std::unique_ptr<jobs::EventSubscription> subscription_;
  CallGuard guard_;
  OpenCall<grpc::ServerUnaryReactor> call_;
};

using WaitReactor = StateReactor<grpc::ServerUnaryReactor, WaitState>;

void WaitState::Begin() {
  context_.executor.Post([self = shared_from_this()] {
    auto subscription = self->readers_.events.Subscribe(
        self->job_id_, [weak = self->weak_from_this()](const jobs::JobNotice& notice) {
          const auto state = weak.lock();
          if (!state || notice.last_seq == 0) return;
          state->context_.executor.Post([state] { state->Look(false); });
        });
    {
      std::lock_guard lock(self->mutex_);
      if (!self->done_) self->subscription_ = std::move(subscription);
    }
    self->Look(false);
    self->AnswerAfter(self->limit_);
  });
}

void WaitState::AnswerAfter(std::chrono::milliseconds left) {
  if (!call_.open()) return;
  const auto step = std::min(left, kLongestStep);
  context_.executor.PostAfter(step, [weak = weak_from_this(), left = left - step] {
    const auto state = weak.lock();
    if (!state) return;
    if (left.count() > 0) return state->AnswerAfter(left);
    state->Look(true);
  });
}

void WaitState::Look(bool time_is_over) {
  if (!call_.open()) return;
  const Result<jobs::Job> job = readers_.store.Get(job_id_);
  if (!job.ok()) return Close(job.status());
  if (!time_is_over && !jobs::IsFinal(job->state)) return;
  call_.Finish(grpc::Status::OK, [&](grpc::ServerUnaryReactor&) { *response_ = ToProto(*job); });
}

void WaitState::Done() {
  call_.Detach();
  guard_.Handled(call_.code());
  // Ending a subscription waits for a notice under way, so not on gRPC's thread.
  context_.executor.Post([self = shared_from_this()] {
    std::unique_ptr<jobs::EventSubscription> ending;
    std::lock_guard lock(self->mutex_);
    self->done_ = true;
    ending = std::move(self->subscription_);
  });
}

}  // namespace

grpc::ServerUnaryReactor* StartWait(const RpcContext& context, const JobReaders& readers,
                                    const v1::WaitJobRequest& request, v1::Job* response) {
  return StartReactor<WaitReactor>(context, readers, request, response);
}

}  // namespace smelt::rpc
