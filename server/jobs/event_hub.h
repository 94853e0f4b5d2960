// EventHub: tells subscribers in this process about new events and progress. No I/O, no history;
// an EventLog of one node is a reader of stored events plus one of these.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "server/jobs/event_log.h"

namespace smelt::jobs {

// Safe for calls from any thread. Outlives its subscriptions.
class EventHub {
 public:
  EventHub() = default;
  EventHub(const EventHub&) = delete;
  EventHub& operator=(const EventHub&) = delete;

  std::unique_ptr<EventSubscription> Subscribe(const std::string& job_id,
                                               EventLog::NoticeFn notice);
  // Call after the commit of the events up to `last_seq`.
  void PublishEvents(const std::string& job_id, std::uint64_t last_seq);
  void PublishProgress(const std::string& job_id, const v1::Progress& progress);
  std::size_t subscriptions() const;

 private:
  struct Listener;
  class Subscription;

  void Publish(const std::string& job_id, const JobNotice& notice);
  void Remove(const std::string& job_id, const Listener* listener);

  mutable std::mutex mutex_;
  // Shared with a Publish that is under way while the subscription ends.
  std::map<std::string, std::vector<std::shared_ptr<Listener>>> listeners_;
};

}  // namespace smelt::jobs
