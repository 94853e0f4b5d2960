#include "server/rpc/watch_call.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/rpc/call_guard.h"
#include "server/rpc/error_details.h"
#include "server/rpc/job_proto.h"
#include "server/rpc/state_reactor.h"
#include "server/rpc/stream_writer.h"

namespace smelt::rpc {
namespace {

constexpr MethodName kMethod{"smelt.v1.Jobs", "Watch"};
constexpr std::size_t kPageEvents = 256;

using WatchBase = grpc::ServerWriteReactor<v1::JobEvent>;
using Writer = StreamWriter<v1::JobEvent, WatchBase>;

// What the reactor and the pool's tasks share. Only pool tasks call the store and the log.
class WatchState final : public LiveCall, public std::enable_shared_from_this<WatchState> {
 public:
  WatchState(const RpcContext& context, const JobReaders& readers,
             const v1::WatchJobRequest& request, WatchBase* reactor)
      : context_(context),
        readers_(readers),
        job_id_(request.id()),
        sent_seq_(request.after_seq()),
        guard_(context.metrics, context.clock, kMethod),
        writer_(reactor) {}

  void Begin();
  void Close(const Status& why) override { writer_.Close(ToGrpcStatus(why)); }
  void Completed(bool ok) {
    if (writer_.Completed(ok)) Step();
  }
  void Cancelled() { writer_.Close(grpc::Status::CANCELLED); }
  void Done();

 private:
  void OnNotice(const jobs::JobNotice& notice);
  void Step();
  void ReadPage();
  void TakePage(Result<std::vector<jobs::JobEvent>> page);
  void TakeEmptyPage();
  Result<std::deque<v1::JobEvent>> Describe(const std::vector<jobs::JobEvent>& page);

  const RpcContext context_;
  const JobReaders readers_;
  const std::string job_id_;

  std::mutex mutex_;
  std::uint64_t sent_seq_;            // newest event handed to the writer
  std::uint64_t known_seq_ = 0;       // newest event that a notice told of
  bool reading_ = true;               // a pool task reads the log; true until the first did
  bool more_ = false;                 // the last page was full: there may be another
  bool ended_ = false;                // the finishing event was handed to the writer
  bool done_ = false;                 // gRPC is done with the call
  std::deque<v1::JobEvent> backlog_;  // read and not yet written
  std::optional<v1::Progress> progress_;
  std::unique_ptr<jobs::EventSubscription> subscription_;

  CallGuard guard_;
  Writer writer_;
};

class WatchReactor final : public StateReactor<WatchBase, WatchState> {
 public:
  using StateReactor::StateReactor;
  void OnWriteDone(bool ok) override { state().Completed(ok); }
};

void WatchState::Begin() {
  context_.metrics.OnWatchOpened();
  if (context_.draining) {
    return Close(Status(Reason::kDraining, "the daemon is shutting down"));
  }
  context_.executor.Post([self = shared_from_this()] {
    // Before the first read, so that no event falls between the two.
    auto subscription = self->readers_.events.Subscribe(
        self->job_id_, [weak = self->weak_from_this()](const jobs::JobNotice& notice) {
          if (const auto state = weak.lock()) state->OnNotice(notice);
        });
    {
      std::lock_guard lock(self->mutex_);
      if (!self->done_) self->subscription_ = std::move(subscription);
    }
    self->ReadPage();
  });
}

// Called by whoever changes a job: notes the news and leaves.
void WatchState::OnNotice(const jobs::JobNotice& notice) {
  {
    std::lock_guard lock(mutex_);
    if (notice.progress.has_value()) progress_ = notice.progress;
    known_seq_ = std::max(known_seq_, notice.last_seq);
  }
  Step();
}

// Hands the writer its next message when it is idle; asks for more events when there are some.
void WatchState::Step() {
  std::unique_lock lock(mutex_);
  if (ended_) {
    if (writer_.idle()) writer_.Close(grpc::Status::OK);
    return;
  }
  if (!writer_.idle()) return;
  if (!backlog_.empty()) {
    v1::JobEvent event = std::move(backlog_.front());
    backlog_.pop_front();
    sent_seq_ = event.seq();
    ended_ = event.has_finished();
    writer_.Write(std::move(event));
  } else if (reading_) {
    return;  // its task steps again
  } else if (more_ || known_seq_ > sent_seq_) {
    reading_ = true;
    context_.executor.Post([self = shared_from_this()] { self->ReadPage(); });
  } else if (progress_.has_value()) {
    v1::JobEvent event;
    *event.mutable_progress() = *std::exchange(progress_, std::nullopt);
    writer_.Write(std::move(event));
  }
}

void WatchState::ReadPage() {
  std::uint64_t after = 0;
  {
    std::lock_guard lock(mutex_);
    after = sent_seq_;
  }
  if (!writer_.idle()) {  // closed meanwhile: nothing to do for it
    std::lock_guard lock(mutex_);
    reading_ = false;
    return;
  }
  TakePage(readers_.events.ReadAfter(job_id_, after, kPageEvents));
  Step();
}

// The job as it ended joins the finishing event. kJobNotFound, kIoError.
Result<std::deque<v1::JobEvent>> WatchState::Describe(const std::vector<jobs::JobEvent>& page) {
  std::deque<v1::JobEvent> events;
  for (const jobs::JobEvent& event : page) {
    events.push_back(ToProto(event));
    if (!jobs::IsFinal(event.state)) continue;
    SMELT_ASSIGN_OR_RETURN(const jobs::Job job, readers_.store.Get(job_id_));
    *events.back().mutable_finished() = ToProto(job);
  }
  return events;
}

void WatchState::TakePage(Result<std::vector<jobs::JobEvent>> page) {
  if (!page.ok()) {
    if (page.status().reason() == Reason::kEventsPruned) context_.metrics.OnWatchGap();
    return Close(page.status());
  }
  if (page->empty()) return TakeEmptyPage();
  Result<std::deque<v1::JobEvent>> events = Describe(*page);
  if (!events.ok()) return Close(events.status());
  std::lock_guard lock(mutex_);
  backlog_ = *std::move(events);
  more_ = page->size() == kPageEvents;
  reading_ = false;
}

// Nothing after the number that the client has: the job is under way, or the client has seen its
// end, or the number is not of this job.
void WatchState::TakeEmptyPage() {
  const Result<jobs::Job> job = readers_.store.Get(job_id_);
  if (!job.ok()) return Close(job.status());
  std::lock_guard lock(mutex_);
  if (sent_seq_ > job->last_seq) {
    return writer_.Close(ToGrpcStatus(
        Status(Reason::kInvalidArgument, "after_seq: the newest event of this job is number " +
                                             std::to_string(job->last_seq)),
        grpc::StatusCode::OUT_OF_RANGE));
  }
  known_seq_ = std::max(known_seq_, job->last_seq);
  ended_ = jobs::IsFinal(job->state) && known_seq_ <= sent_seq_;
  more_ = false;
  reading_ = false;
}

void WatchState::Done() {
  writer_.Detach();
  guard_.Handled(writer_.code());
  context_.metrics.OnWatchClosed();
  // Ending a subscription waits for a notice under way, so not on gRPC's thread.
  context_.executor.Post([self = shared_from_this()] {
    std::unique_ptr<jobs::EventSubscription> ending;
    std::lock_guard lock(self->mutex_);
    self->done_ = true;
    ending = std::move(self->subscription_);
  });
}

}  // namespace

grpc::ServerWriteReactor<v1::JobEvent>* StartWatch(const RpcContext& context,
                                                   const JobReaders& readers,
                                                   const v1::WatchJobRequest& request) {
  return StartReactor<WatchReactor>(context, readers, request);
}

}  // namespace smelt::rpc
