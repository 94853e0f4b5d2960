#include "client/net/chunk_pipe.h"

#include <cstddef>
#include <span>
#include <utility>

namespace smelt::client {
namespace {

constexpr std::size_t kMaxWaiting = 8;

}  // namespace

ChunkPipe::ChunkPipe(Sink sink) : sink_(std::move(sink)), thread_([this] { Run(); }) {}

ChunkPipe::~ChunkPipe() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Status ChunkPipe::Push(std::string chunk) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_.size() < kMaxWaiting || !status_.ok(); });
  if (!status_.ok()) return status_;
  waiting_.push_back(std::move(chunk));
  changed_.notify_all();
  return Status::Ok();
}

Status ChunkPipe::Drain() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_.empty() || !status_.ok(); });
  return status_;
}

void ChunkPipe::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return closed_ || !waiting_.empty(); });
    if (closed_) return;
    // The front of a deque stays where it is while others are pushed.
    const std::string& chunk = waiting_.front();
    lock.unlock();
    Status taken = sink_(std::as_bytes(std::span(chunk)));
    lock.lock();
    waiting_.pop_front();
    const bool failed = !taken.ok();
    status_ = std::move(taken);
    changed_.notify_all();
    if (failed) return;
  }
}

}  // namespace smelt::client
