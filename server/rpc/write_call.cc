#include "server/rpc/write_call.h"

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

namespace smelt::rpc {
namespace {

constexpr MethodName kMethod{"smelt.v1.Blobs", "Write"};
constexpr std::size_t kMaxChunkBytes = std::size_t{1} << 20;

class WriteReactor;

// What the reactor and the pool's tasks share. At most one chunk at a time is worked on: the next
// read starts only at its end.
class WriteState final : public LiveCall, public std::enable_shared_from_this<WriteState> {
 public:
  WriteState(const RpcContext& context, jobs::BlobStore& blobs, v1::WriteResponse* response,
             WriteReactor* reactor)
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
  void NextChunk();
  void TakeChunk();
  void TakeEnd();
  Status Open();
  void Answer();
  void Fail(const Status& why);

  const RpcContext context_;
  jobs::BlobStore& blobs_;
  v1::WriteResponse* const response_;  // gRPC's; written only while the call is open
  v1::WriteRequest request_;           // gRPC fills it between StartRead and OnReadDone
  std::mutex work_;                    // over the session: the end of a call may meet a chunk
  std::unique_ptr<jobs::UploadSession> session_;  // after the first chunk
  CallGuard guard_;
  OpenCall<WriteReactor> call_;
};

class WriteReactor final : public grpc::ServerReadReactor<v1::WriteRequest> {
 public:
  WriteReactor(const RpcContext& context, jobs::BlobStore& blobs, v1::WriteResponse* response)
      : live_(context.live), state_(std::make_shared<WriteState>(context, blobs, response, this)) {
    live_.Add(state_);
    state_->Begin();
  }
  void OnReadDone(bool ok) override { state_->ReadDone(ok); }
  void OnCancel() override { state_->Cancelled(); }
  void OnDone() override {
    state_->Done();
    live_.Remove(state_);
    delete this;
  }

 private:
  LiveCalls& live_;
  const std::shared_ptr<WriteState> state_;
};

void WriteState::Begin() {
  if (context_.draining) {
    return Close(Status(Reason::kDraining, "the daemon is shutting down"));
  }
  NextChunk();
}

void WriteState::NextChunk() {
  call_.IfOpen([this](WriteReactor& reactor) { reactor.StartRead(&request_); });
}

void WriteState::ReadDone(bool ok) {
  context_.executor.Post([self = shared_from_this(), ok] {
    std::lock_guard lock(self->work_);
    if (ok) {
      self->TakeChunk();
    } else {
      self->TakeEnd();
    }
  });
}

// The first message names the upload.
Status WriteState::Open() {
  SMELT_ASSIGN_OR_RETURN(const Digest digest, jobs::FromProto(request_.digest()));
  SMELT_ASSIGN_OR_RETURN(session_, blobs_.OpenUpload(request_.upload_id(), digest));
  return Status::Ok();
}

void WriteState::TakeChunk() {
  if (session_ == nullptr) {
    if (const Status opened = Open(); !opened.ok()) return Fail(opened);
    // A blob that is stored already ends the call at once.
    if (session_->status().sealed) return Answer();
  }
  if (request_.data().size() > kMaxChunkBytes) {
    return Fail(Status(Reason::kInvalidArgument, "data: a chunk is larger than 1 MiB"));
  }
  const std::string& data = request_.data();
  Status status =
      session_->Append(request_.offset(), std::as_bytes(std::span(data.data(), data.size())));
  if (status.ok() && request_.finish()) status = session_->Seal();
  if (!status.ok()) return Fail(status);
  if (request_.finish()) return Answer();
  NextChunk();
}

// The client ended its side without sealing, or went away: what came stays.
void WriteState::TakeEnd() {
  if (session_ == nullptr) {
    return Fail(Status(Reason::kInvalidArgument, "the stream ended before its first message"));
  }
  const Status committed = session_->Commit();
  if (!committed.ok()) return Fail(committed);
  Answer();
}

void WriteState::Answer() {
  const jobs::UploadStatus status = session_->status();
  call_.Finish(grpc::Status::OK, [&](WriteReactor&) {
    response_->set_committed_bytes(status.committed_bytes);
    response_->set_sealed(status.sealed);
  });
}

void WriteState::Fail(const Status& why) {
  std::map<std::string, std::string> metadata;
  if (session_ != nullptr) {
    metadata["committed_bytes"] = std::to_string(session_->status().committed_bytes);
  }
  call_.Finish(ToGrpcStatus(why, metadata));
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
  return new WriteReactor(context, blobs, response);
}

}  // namespace smelt::rpc
