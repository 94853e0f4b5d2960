// BlobStore: immutable bytes named by their SHA-256 and size, and uploads that resume.
//
// A blob that a call reports as stored is durable. Safe for calls from any thread; calls block on
// the disk. The empty blob always exists.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/digest.h"
#include "core/base/result.h"
#include "core/base/unique_fd.h"

namespace smelt::jobs {

// An empty file on the store's disk that becomes a blob later. Removed when dropped unsealed.
class TempBlob {
 public:
  virtual ~TempBlob() = default;
  virtual int fd() const = 0;  // read-write; owned by this object
};

struct UploadStatus {
  std::uint64_t committed_bytes = 0;  // durable
  bool sealed = false;                // the blob is stored and verified
};

// One writer's hold on an upload. Not thread safe. Opening the same upload again takes it over: the
// earlier session then answers kConcurrentUpdate. Dropping a session keeps the upload.
class UploadSession {
 public:
  virtual ~UploadSession() = default;

  virtual UploadStatus status() const = 0;

  // Takes bytes at `offset` of the blob. Bytes received before are skipped; a gap is kWriteOffset
  // (the message carries the committed size). Past the announced size: kBlobTooLarge. Makes them
  // durable every second and every 64 MiB. kIoError: the upload stays as committed. kStorageFull:
  // it is gone, here and in the calls below, and starts over.
  virtual Status Append(std::uint64_t offset, ByteSpan bytes) = 0;

  // Makes all received bytes durable, so that the upload resumes here also after a restart. Call
  // it when the client goes away before the end.
  virtual Status Commit() = 0;

  // Checks size and digest and publishes the blob. Incomplete: kWriteOffset. kDigestMismatch: the
  // upload is gone. Sealing twice is free.
  virtual Status Seal() = 0;
};

class BlobStore {
 public:
  virtual ~BlobStore() = default;

  // Those that are not stored, in order. All of them come out missing from an empty store.
  virtual Result<std::vector<Digest>> FindMissing(std::span<const Digest> digests) = 0;

  // A read-only descriptor at offset 0, to be read with FileSystem::ReadAt. kBlobMissing;
  // kBlobCorrupt when the bytes on disk have the wrong size or, on the first open since the start,
  // the wrong digest. Finding that out may take minutes: kCancelled soon after `stop` was asked
  // for.
  virtual Result<UniqueFd> Open(const Digest& digest, const std::stop_token& stop) = 0;
  Result<UniqueFd> Open(const Digest& digest) { return Open(digest, {}); }

  // An output file for a worker. kStorageFull, kIoError.
  virtual Result<std::unique_ptr<TempBlob>> CreateTemp() = 0;

  // Hashes what was written to `temp` and publishes it. kDigestMismatch when it is not `expected`.
  virtual Result<Digest> Seal(std::unique_ptr<TempBlob> temp,
                              const std::optional<Digest>& expected) = 0;

  // Copies `expected.size_bytes` bytes at `offset` of `from` into a blob of their own.
  // kDigestMismatch when they are not `expected`, or `from` ends before.
  virtual Result<Digest> PutPiece(const TempBlob& from, std::uint64_t offset,
                                  const Digest& expected) = 0;

  // Stores bytes that fit in memory. kStorageFull, kIoError.
  virtual Result<Digest> Put(ByteSpan bytes) = 0;

  // Starts or resumes an upload. `upload_id`: 1 to 64 of [A-Za-z0-9_-], else kInvalidArgument; also
  // when it was begun with another digest. kBlobTooLarge above the store's limit, kStorageFull when
  // what is left of it does not fit. When the blob is
  // stored already the session is sealed at once.
  virtual Result<std::unique_ptr<UploadSession>> OpenUpload(const std::string& upload_id,
                                                            const Digest& digest) = 0;

  // kUploadNotFound. A sealed upload is remembered until the next start of the daemon, or until its
  // blob is lost: then it starts over.
  virtual Result<UploadStatus> QueryUpload(const std::string& upload_id) = 0;

  // Forgets uploads that nobody wrote to for 24 hours; the number removed.
  virtual Result<std::size_t> SweepUploads() = 0;

  // Sum of all stored blobs.
  virtual std::uint64_t TotalBytes() const = 0;
};

}  // namespace smelt::jobs
