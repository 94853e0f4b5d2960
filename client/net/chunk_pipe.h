// ChunkPipe: hands chunks, in order, to a sink that runs on a thread of its own, so that receiving
// overlaps with hashing and writing.
//
// Used by one thread. The sink runs on the pipe's thread only and is not called any more after its
// first error. Destruction waits for the chunk at work and drops the rest.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "core/base/bytes.h"
#include "core/base/status.h"

namespace smelt::client {

class ChunkPipe {
 public:
  using Sink = std::function<Status(ByteSpan)>;

  explicit ChunkPipe(Sink sink);
  ~ChunkPipe();
  ChunkPipe(const ChunkPipe&) = delete;
  ChunkPipe& operator=(const ChunkPipe&) = delete;

  // Waits while a few chunks are ahead of the sink. Its first error, from then on.
  Status Push(std::string chunk);
  // Waits until the sink has taken all chunks. Its first error.
  Status Drain();

 private:
  void Run();

  const Sink sink_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> waiting_;  // the front one is at work
  Status status_;
  bool closed_ = false;
  std::thread thread_;
};

}  // namespace smelt::client
