#include "server/rpc/write_call.h"

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>

#include "core/base/log.h"
#include "server/jobs/operation.h"
#include "server/rpc/call_guard.h"
#include "server/rpc/error_details.h"
#include "server/rpc/open_call.h"
#include "server/rpc/state_reactor.h"

namespace smelt::rpc {
namespace {

constexpr MethodName kMethod{"smelt.v1.Blobs", "Write"};
constexpr std::size_t kMaxChunkBytes = std::size_t{1} << 20;
constexpr std::size_t kSlots = 4;  // chunks in memory, of one call

using WriteBase = grpc::ServerReadReactor<v1::WriteRequest>;

// What the reactor and the pool's tasks share. One task at a time takes chunks, in order, while
// gRPC receives the next ones; a client that is faster than the disk is held back by the number of
// slots.
class WriteState final : public LiveCall, public std::enable_shared_from_this<WriteState> {
 public:
  WriteState(const RpcContext& context, jobs::BlobStore& blobs, v1::WriteResponse* response,
             WriteBase* reactor)
      : context_(context),
        blobs_(blobs),
        response_(response),
        guard_(context.metrics, context.clock, kMethod),
        call_(reactor) {}

  void Begin();
  void ReadDone(bool ok);
  // The committed size must survive also when the drain ends the call.
  void Close(const Status& why) override { call_.Finish(ToGrpcStatus(why)); }
  void Cancelled() { call_.Finish(grpc::Status::CANCELLED); }
  void Done();

 private:
  void StartRead();
  void PostTake();
  void TakeNext();
  Status Open(const v1::WriteRequest& first);
  // These say whether the call goes on.
  bool TakeChunk(const v1::WriteRequest& request);
  bool TakeEnd();
  bool Answer();
  bool Fail(const Status& why);

  const RpcContext context_;
  jobs::BlobStore& blobs_;
  v1::WriteResponse* const response_;  // gRPC's; written only while the call is open

  // A ring: gRPC fills slot received_ between StartRead and OnReadDone, the task empties taken_.
  std::array<v1::WriteRequest, kSlots> slots_;
  std::mutex ring_;
  std::size_t received_ = 0;  // messages; the slot is the number modulo kSlots
  std::size_t taken_ = 0;
  bool receiving_ = false;  // a read is under way
  bool ended_ = false;      // the client's side is closed
  bool taking_ = false;     // a task is at work, or about to

  std::mutex work_;  // over the session: the end of a call may meet a chunk
  std::unique_ptr<jobs::UploadSession> session_;  // after the first chunk
  CallGuard guard_;
  OpenCall<WriteBase> call_;
};

class WriteReactor final : public StateReactor<WriteBase, WriteState> {
 public:
  using StateReactor::StateReactor;
  void OnReadDone(bool ok) override { state().ReadDone(ok); }
};

void WriteState::Begin() {
  if (context_.draining) {
    return Close(Status(Reason::kDraining, "the daemon is shutting down"));
  }
  StartRead();
}

// Receives into the next slot if one is free.
void WriteState::StartRead() {
  v1::WriteRequest* slot = nullptr;
  {
    std::lock_guard lock(ring_);
    if (receiving_ || ended_ || received_ - taken_ == kSlots) return;
    receiving_ = true;
    slot = &slots_[received_ % kSlots];
  }
  call_.IfOpen([slot](WriteBase& reactor) { reactor.StartRead(slot); });
}

void WriteState::ReadDone(bool ok) {
  bool idle = false;
  {
    std::lock_guard lock(ring_);
    receiving_ = false;
    if (ok) {
      ++received_;
    } else {
      ended_ = true;
    }
    idle = !std::exchange(taking_, true);
  }
  StartRead();
  if (idle) PostTake();
}

void WriteState::PostTake() {
  context_.executor.Post([self = shared_from_this()] { self->TakeNext(); });
}

// One chunk a task, so that many uploads share the pool's threads fairly.
void WriteState::TakeNext() {
  std::lock_guard work(work_);
  const v1::WriteRequest* chunk = nullptr;
  {
    std::lock_guard lock(ring_);
    if (taken_ < received_) chunk = &slots_[taken_ % kSlots];
  }
  const bool open = chunk != nullptr ? TakeChunk(*chunk) : TakeEnd();
  if (!open) return;
  bool more = false;
  {
    std::lock_guard lock(ring_);
    ++taken_;
    more = taking_ = taken_ < received_ || ended_;
  }
  StartRead();
  if (more) PostTake();
}

// The first message names the upload.
Status WriteState::Open(const v1::WriteRequest& first) {
  SMELT_ASSIGN_OR_RETURN(const Digest digest, jobs::FromProto(first.digest()));
  SMELT_ASSIGN_OR_RETURN(session_, blobs_.OpenUpload(first.upload_id(), digest));
  return Status::Ok();
}

bool WriteState::TakeChunk(const v1::WriteRequest& request) {
  if (session_ == nullptr) {
    if (const Status opened = Open(request); !opened.ok()) return Fail(opened);
    // A blob that is stored already ends the call at once.
    if (session_->status().sealed) return Answer();
  }
  if (request.data().size() > kMaxChunkBytes) {
    return Fail(Status(Reason::kInvalidArgument, "data: a chunk is larger than 1 MiB"));
  }
  Status status = session_->Append(request.offset(), std::as_bytes(std::span(request.data())));
  if (status.ok() && request.finish()) status = session_->Seal();
  if (!status.ok()) return Fail(status);
  return request.finish() ? Answer() : true;
}

// The client ended its side without sealing, or went away: what came stays.
bool WriteState::TakeEnd() {
  if (session_ == nullptr) {
    return Fail(Status(Reason::kInvalidArgument, "the stream ended before its first message"));
  }
  const Status committed = session_->Commit();
  return committed.ok() ? Answer() : Fail(committed);
}

bool WriteState::Answer() {
  const jobs::UploadStatus status = session_->status();
  call_.Finish(grpc::Status::OK, [&](WriteBase&) {
    response_->set_committed_bytes(status.committed_bytes);
    response_->set_sealed(status.sealed);
  });
  return false;
}

bool WriteState::Fail(const Status& why) {
  std::map<std::string, std::string> metadata;
  if (session_ != nullptr) {
    metadata["committed_bytes"] = std::to_string(session_->status().committed_bytes);
  }
  call_.Finish(ToGrpcStatus(why, metadata));
  return false;
}

void WriteState::Done() {
  call_.Detach();
  guard_.Handled(call_.code());
  // A call that was cancelled amid a chunk has not committed yet; the client will want to resume.
  context_.executor.Post([self = shared_from_this()] {
    std::lock_guard lock(self->work_);
    if (self->session_ == nullptr || self->session_->status().sealed) return;
    const Status committed = self->session_->Commit();
    // Other errors say that somebody else holds the upload by now, or that it is gone.
    if (committed.reason() == Reason::kIoError) {
      Log(LogLevel::kWarning, "upload_not_committed", {{"reason", committed.ToString()}});
    }
  });
}

}  // namespace

grpc::ServerReadReactor<v1::WriteRequest>* StartBlobWrite(const RpcContext& context,
                                                          jobs::BlobStore& blobs,
                                                          v1::WriteResponse* response) {
  return StartReactor<WriteReactor>(context, blobs, response);
}

}  // namespace smelt::rpc
