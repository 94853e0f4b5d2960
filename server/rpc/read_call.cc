#include "server/rpc/read_call.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <utility>

#include "core/base/file_system.h"
#include "server/jobs/operation.h"
#include "server/rpc/call_guard.h"
#include "server/rpc/error_details.h"
#include "server/rpc/state_reactor.h"
#include "server/rpc/stream_writer.h"

namespace smelt::rpc {
namespace {

constexpr MethodName kMethod{"smelt.v1.Blobs", "Read"};
constexpr std::uint64_t kChunkBytes = 256 * 1024;

using ReadBase = grpc::ServerWriteReactor<v1::ReadResponse>;

// What the reactor and the pool's tasks share. At most one task at a time works for a call: the
// next one starts when its chunk was written.
class ReadState final : public LiveCall, public std::enable_shared_from_this<ReadState> {
 public:
  ReadState(const RpcContext& context, jobs::BlobStore& blobs, const v1::ReadRequest& request,
            ReadBase* reactor)
      : context_(context),
        blobs_(blobs),
        request_(request),
        guard_(context.metrics, context.clock, kMethod),
        writer_(reactor) {}

  void Begin() {
    context_.executor.Post([self = shared_from_this()] { self->OpenBlob(); });
  }
  void Completed(bool ok) {
    if (!writer_.Completed(ok)) return;
    context_.executor.Post([self = shared_from_this()] { self->NextChunk(); });
  }
  void Close(const Status& why) override {
    stop_.request_stop();
    writer_.Close(ToGrpcStatus(why));
  }
  void Cancelled() {
    stop_.request_stop();
    writer_.Close(grpc::Status::CANCELLED);
  }
  void Done() {
    writer_.Detach();
    guard_.Handled(writer_.code());
  }

 private:
  void OpenBlob();
  void NextChunk();

  const RpcContext context_;
  jobs::BlobStore& blobs_;
  const v1::ReadRequest request_;
  std::stop_source stop_;  // nobody waits for the bytes any more
  UniqueFd file_;
  std::uint64_t at_ = 0;
  std::uint64_t end_ = 0;
  CallGuard guard_;
  StreamWriter<v1::ReadResponse, ReadBase> writer_;
};

class ReadReactor final : public StateReactor<ReadBase, ReadState> {
 public:
  using StateReactor::StateReactor;
  void OnWriteDone(bool ok) override { state().Completed(ok); }
};

void ReadState::OpenBlob() {
  const Result<Digest> digest = jobs::FromProto(request_.digest());
  if (!digest.ok()) return Close(digest.status());
  Result<UniqueFd> file = blobs_.Open(*digest, stop_.get_token());
  if (!file.ok()) {
    // To a reader a blob that is not there is not found; to Create it is a missing precondition.
    const bool missing = file.status().reason() == Reason::kBlobMissing;
    return writer_.Close(missing ? ToGrpcStatus(file.status(), grpc::StatusCode::NOT_FOUND)
                                 : ToGrpcStatus(file.status()));
  }
  if (request_.offset() > digest->size_bytes) {
    return writer_.Close(ToGrpcStatus(
        Status(Reason::kInvalidArgument,
               "offset: the blob has " + std::to_string(digest->size_bytes) + " bytes"),
        grpc::StatusCode::OUT_OF_RANGE));
  }
  file_ = *std::move(file);
  at_ = request_.offset();
  const std::uint64_t rest = digest->size_bytes - at_;
  end_ = at_ + (request_.limit() == 0 ? rest : std::min(rest, request_.limit()));
  NextChunk();
}

void ReadState::NextChunk() {
  if (at_ == end_) return writer_.Close(grpc::Status::OK);
  v1::ReadResponse chunk;
  std::string& data = *chunk.mutable_data();
  data.resize(static_cast<std::size_t>(std::min(kChunkBytes, end_ - at_)));
  const Result<std::size_t> read = FileSystem::Real().ReadAt(
      file_.get(), at_, std::as_writable_bytes(std::span(data.data(), data.size())));
  if (!read.ok()) return Close(read.status());
  if (*read != data.size()) {
    return Close(Status(Reason::kBlobCorrupt, "the stored file is shorter than the blob"));
  }
  at_ += *read;
  writer_.Write(std::move(chunk));
}

}  // namespace

grpc::ServerWriteReactor<v1::ReadResponse>* StartBlobRead(const RpcContext& context,
                                                          jobs::BlobStore& blobs,
                                                          const v1::ReadRequest& request) {
  return StartReactor<ReadReactor>(context, blobs, request);
}

}  // namespace smelt::rpc
