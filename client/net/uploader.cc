#include "client/net/uploader.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "client/net/attempts.h"
#include "client/net/blob_digest.h"
#include "client/net/stubs.h"

namespace smelt::client {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{256} * 1024;
constexpr std::size_t kHashBytes = std::size_t{1024} * 1024;
constexpr int kDigestsAtOnce = 1000;  // the API's limit for one FindMissing

// Stable, so that the next attempt finds this one's bytes; with an account in it, so that two
// people who send the same file do not write into one upload.
std::string UploadId(const Digest& digest) {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  const std::string account = std::string(host.data()) + "/" + std::to_string(::getuid());
  const Digest tag = Digest::Of(std::as_bytes(std::span(account)));
  return digest.Hex().substr(0, 40) + "-" + tag.Hex().substr(0, 8);
}

std::string PrivateUploadId(const Digest& digest) {
  std::random_device random;
  return UploadId(digest) + "-" + std::to_string(random());
}

// One file on its way.
class Upload {
 public:
  Upload(Connection& connection, const UploadFile& upload)
      : connection_(connection), upload_(upload), id_(UploadId(upload.digest)) {}

  Status Run();

 private:
  grpc::Status QueryCommitted(std::uint64_t* committed, bool* sealed);
  grpc::Status WriteFrom(std::uint64_t offset, bool* sealed);
  // False when the stream has ended; the file's own error goes to `local_`.
  bool SendChunks(grpc::ClientWriterInterface<v1::WriteRequest>& writer, std::uint64_t offset);
  void Show(std::uint64_t done) {
    connection_.progress().OnTransfer({"upload", upload_.name, done, upload_.digest.size_bytes});
  }

  Connection& connection_;
  const UploadFile& upload_;
  std::string id_;
  int conflicts_ = 0;
  Status local_;
};

Status Upload::Run() {
  Attempts attempts(connection_);
  std::uint64_t furthest = 0;
  while (true) {
    std::uint64_t committed = 0;
    bool sealed = false;
    grpc::Status status = QueryCommitted(&committed, &sealed);
    if (committed > furthest) {
      furthest = committed;
      attempts.Progressed();
    }
    if (status.ok() && !sealed) status = WriteFrom(committed, &sealed);
    SMELT_RETURN_IF_ERROR(local_);
    if (status.ok() && sealed) break;
    if (status.ok()) {
      return Status(Reason::kInternalError,
                    "the daemon ended the upload of " + upload_.name + " without storing it");
    }
    // Somebody else writes under this name right now: go on under a name of our own.
    if (status.error_code() == grpc::StatusCode::ABORTED && ++conflicts_ == 2) {
      id_ = PrivateUploadId(upload_.digest);
    }
    SMELT_RETURN_IF_ERROR(attempts.AfterFailure(status));
  }
  Show(upload_.digest.size_bytes);
  return Status::Ok();
}

grpc::Status Upload::QueryCommitted(std::uint64_t* committed, bool* sealed) {
  v1::QueryWriteRequest request;
  request.set_upload_id(id_);
  v1::QueryWriteResponse response;
  const grpc::Status status = CallOnce(connection_, [&](grpc::ClientContext* context) {
    return connection_.stubs().blobs->QueryWrite(context, request, &response);
  });
  if (status.error_code() == grpc::StatusCode::NOT_FOUND) {
    connection_.SetAnswered();
    return grpc::Status::OK;  // nothing there yet: from the beginning
  }
  *committed = std::min<std::uint64_t>(response.committed_bytes(), upload_.digest.size_bytes);
  *sealed = response.sealed();
  return status;
}

grpc::Status Upload::WriteFrom(std::uint64_t offset, bool* sealed) {
  grpc::ClientContext context;
  const Interrupt::Scope scope(connection_.interrupt(), [&context] { context.TryCancel(); });
  if (offset < upload_.digest.size_bytes) Show(offset);  // the time starts here
  v1::WriteResponse response;
  const auto writer = connection_.stubs().blobs->Write(&context, &response);
  if (SendChunks(*writer, offset)) writer->WritesDone();
  if (!local_.ok()) context.TryCancel();
  const grpc::Status status = writer->Finish();
  *sealed = response.sealed();
  return status;
}

bool Upload::SendChunks(grpc::ClientWriterInterface<v1::WriteRequest>& writer,
                        std::uint64_t offset) {
  const std::uint64_t size = upload_.digest.size_bytes;
  v1::WriteRequest request;
  request.set_upload_id(id_);
  *request.mutable_digest() = ToWire(upload_.digest);
  while (true) {
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(kChunkBytes, size - offset));
    std::string& data = *request.mutable_data();
    data.resize(count);
    local_ = upload_.file->ReadAt(offset, std::as_writable_bytes(std::span(data)));
    if (!local_.ok()) return false;
    request.set_offset(offset);
    offset += count;
    request.set_finish(offset == size);
    if (!writer.Write(request)) return false;  // the daemon has answered, or is gone
    if (offset == size) return true;
    Show(offset);
    request.clear_upload_id();
    request.clear_digest();
  }
}

Status FindMissing(Connection& connection, std::span<const UploadFile> files,
                   std::set<std::string>* missing) {
  using Stub = v1::Blobs::StubInterface;
  v1::FindMissingRequest request;
  for (std::size_t i = 0; i < files.size(); ++i) {
    *request.add_digests() = ToWire(files[i].digest);
    if (request.digests_size() < kDigestsAtOnce && i + 1 < files.size()) continue;
    SMELT_ASSIGN_OR_RETURN(const v1::FindMissingResponse response,
                           CallUnary(connection, static_cast<Stub&>(*connection.stubs().blobs),
                                     &Stub::FindMissing, request));
    for (const v1::Digest& digest : response.missing()) missing->insert(digest.sha256());
    request.clear_digests();
  }
  return Status::Ok();
}

}  // namespace

Result<Digest> HashFile(Connection& connection, const ModelFile& file, const std::string& name) {
  Hasher hasher;
  std::vector<std::byte> buffer(kHashBytes);
  for (std::uint64_t offset = 0; offset < file.size_bytes();) {
    if (connection.interrupt().triggered()) return Status(Reason::kCancelled, "interrupted");
    const auto count = std::min<std::uint64_t>(kHashBytes, file.size_bytes() - offset);
    const std::span<std::byte> chunk = std::span(buffer).first(static_cast<std::size_t>(count));
    SMELT_RETURN_IF_ERROR(file.ReadAt(offset, chunk));
    hasher.Update(chunk);
    offset += count;
    connection.progress().OnTransfer({"hash", name, offset, file.size_bytes()});
  }
  return hasher.Finish();
}

Status UploadMissing(Connection& connection, std::span<const UploadFile> files) {
  std::set<std::string> missing;
  SMELT_RETURN_IF_ERROR(FindMissing(connection, files, &missing));
  for (const UploadFile& file : files) {
    if (missing.erase(file.digest.Hex()) == 0) continue;
    SMELT_RETURN_IF_ERROR(Upload(connection, file).Run());
  }
  return Status::Ok();
}

}  // namespace smelt::client
