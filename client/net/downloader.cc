#include "client/net/downloader.h"

#include <unistd.h>

#include <fstream>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "client/files/partial_file.h"
#include "client/files/spool.h"
#include "client/net/attempts.h"
#include "client/net/blob_digest.h"
#include "client/net/chunk_pipe.h"
#include "client/net/stubs.h"

namespace smelt::client {
namespace {

constexpr std::uint64_t kMaxInMemory = 1ull << 30;
constexpr std::size_t kCopyBytes = std::size_t{256} * 1024;

using Watcher = std::function<void(std::uint64_t)>;  // told the bytes so far

Status Corrupt(const Digest& digest) {
  return Status(Reason::kBlobCorrupt,
                "the bytes that arrived do not have the digest " + digest.Hex());
}

// Reads the blob from `*received` on; on failure `*received` says how far it got.
grpc::Status ReadOnce(Connection& connection, const Digest& digest, ChunkPipe& pipe,
                      const Watcher& watcher, std::uint64_t* received, Status* local) {
  grpc::ClientContext context;
  const Interrupt::Scope scope(connection.interrupt(), [&context] { context.TryCancel(); });
  v1::ReadRequest request;
  *request.mutable_digest() = ToWire(digest);
  request.set_offset(*received);
  const auto reader = connection.stubs().blobs->Read(&context, request);
  v1::ReadResponse response;
  while (reader->Read(&response)) {
    const std::size_t count = response.data().size();
    if (count > digest.size_bytes - *received) {
      *local = Corrupt(digest);
    } else {
      *local = pipe.Push(std::move(*response.mutable_data()));
    }
    if (!local->ok()) {
      context.TryCancel();
      break;
    }
    *received += count;
    watcher(*received);
  }
  return reader->Finish();
}

// Streams the blob into `sink`, through as many connections as it takes.
Status Fetch(Connection& connection, const Digest& digest, ChunkPipe::Sink sink,
             const Watcher& watcher) {
  Attempts attempts(connection);
  ChunkPipe pipe(std::move(sink));
  std::uint64_t received = 0;
  if (received < digest.size_bytes) watcher(received);  // the time starts here
  while (received < digest.size_bytes) {
    Status local;
    const std::uint64_t before = received;
    grpc::Status status = ReadOnce(connection, digest, pipe, watcher, &received, &local);
    SMELT_RETURN_IF_ERROR(local);
    if (received > before) attempts.Progressed();
    if (received == digest.size_bytes) break;
    if (status.ok()) {  // ended early without a word
      status = grpc::Status(grpc::StatusCode::UNAVAILABLE, "the download ended early");
    }
    SMELT_RETURN_IF_ERROR(attempts.AfterFailure(status));
  }
  return pipe.Drain();
}

Watcher ShowOn(Connection& connection, const Digest& digest, const std::string& name) {
  return [&connection, name, total = digest.size_bytes](std::uint64_t done) {
    connection.progress().OnTransfer({"download", name, done, total});
  };
}

// Shows the progress; kBlobCorrupt when what `sink` got is not the blob.
Status FetchChecked(Connection& connection, const Digest& digest, const std::string& name,
                    const ChunkPipe::Sink& sink) {
  Hasher hasher;
  SMELT_RETURN_IF_ERROR(Fetch(
      connection, digest,
      [&](ByteSpan bytes) {
        hasher.Update(bytes);
        return sink(bytes);
      },
      ShowOn(connection, digest, name)));
  return hasher.Finish() == digest ? Status::Ok() : Corrupt(digest);
}

Status CopyOut(const Descriptor& spool, std::ostream& out) {
  std::vector<char> buffer(kCopyBytes);
  off_t offset = 0;
  while (true) {
    const ssize_t count = ::pread(spool.get(), buffer.data(), buffer.size(), offset);
    if (count < 0) return SystemError(Reason::kIoError, "can't read", "the temporary copy");
    if (count == 0) break;
    out.write(buffer.data(), count);
    offset += count;
  }
  out.flush();
  return out ? Status::Ok() : Status(Reason::kIoError, "writing the output failed");
}

}  // namespace

Status DownloadToFile(Connection& connection, const Digest& digest, const std::string& name,
                      const std::string& path) {
  if (!PartialFile::IsReplaceable(path)) {
    std::ofstream out(path, std::ios::binary);
    if (!out) return SystemError(Reason::kIoError, "can't write", path);
    return DownloadToStream(connection, digest, name, out);
  }
  SMELT_ASSIGN_OR_RETURN(PartialFile file, PartialFile::Create(path));
  SMELT_RETURN_IF_ERROR(file.Reserve(digest.size_bytes));
  SMELT_RETURN_IF_ERROR(
      FetchChecked(connection, digest, name, [&](ByteSpan bytes) { return file.Append(bytes); }));
  return file.Publish();
}

Status DownloadToStream(Connection& connection, const Digest& digest, const std::string& name,
                        std::ostream& out) {
  SMELT_ASSIGN_OR_RETURN(const Descriptor spool, OpenSpool());
  SMELT_RETURN_IF_ERROR(FetchChecked(connection, digest, name, [&](ByteSpan bytes) {
    return WriteAll(spool, bytes, "the temporary copy");
  }));
  return CopyOut(spool, out);
}

Result<std::string> DownloadToMemory(Connection& connection, const Digest& digest) {
  if (digest.size_bytes > kMaxInMemory) {
    return Status(Reason::kBlobTooLarge, "the blob is too large to be read into memory");
  }
  std::string bytes;
  SMELT_RETURN_IF_ERROR(Fetch(
      connection, digest,
      [&](ByteSpan chunk) {
        bytes.append(reinterpret_cast<const char*>(chunk.data()), chunk.size());
        return Status::Ok();
      },
      [](std::uint64_t) {}));
  if (Digest::Of(std::as_bytes(std::span(bytes))) != digest) return Corrupt(digest);
  return bytes;
}

}  // namespace smelt::client
