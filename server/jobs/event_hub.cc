#include "server/jobs/event_hub.h"

#include <algorithm>
#include <utility>

namespace smelt::jobs {

struct EventHub::Listener {
  std::mutex mutex;  // held while `notice` runs, so that an unsubscriber can wait for it
  EventLog::NoticeFn notice;
};

class EventHub::Subscription final : public EventSubscription {
 public:
  Subscription(EventHub& hub, std::string job_id, std::shared_ptr<Listener> listener)
      : hub_(hub), job_id_(std::move(job_id)), listener_(std::move(listener)) {}
  ~Subscription() override {
    hub_.Remove(job_id_, listener_.get());
    std::lock_guard lock(listener_->mutex);
    listener_->notice = nullptr;
  }

 private:
  EventHub& hub_;
  std::string job_id_;
  std::shared_ptr<Listener> listener_;
};

std::unique_ptr<EventSubscription> EventHub::Subscribe(const std::string& job_id,
                                                       EventLog::NoticeFn notice) {
  auto listener = std::make_shared<Listener>();
  listener->notice = std::move(notice);
  {
    std::lock_guard lock(mutex_);
    listeners_[job_id].push_back(listener);
  }
  return std::make_unique<Subscription>(*this, job_id, std::move(listener));
}

void EventHub::PublishEvents(const std::string& job_id, std::uint64_t last_seq) {
  Publish(job_id, {.last_seq = last_seq, .progress = std::nullopt});
}

void EventHub::PublishProgress(const std::string& job_id, const v1::Progress& progress) {
  Publish(job_id, {.last_seq = 0, .progress = progress});
}

void EventHub::Publish(const std::string& job_id, const JobNotice& notice) {
  std::vector<std::shared_ptr<Listener>> targets;
  {
    std::lock_guard lock(mutex_);
    const auto found = listeners_.find(job_id);
    if (found == listeners_.end()) return;
    targets = found->second;
  }
  for (const auto& listener : targets) {
    std::lock_guard lock(listener->mutex);
    if (listener->notice) listener->notice(notice);
  }
}

void EventHub::Remove(const std::string& job_id, const Listener* listener) {
  std::lock_guard lock(mutex_);
  const auto found = listeners_.find(job_id);
  if (found == listeners_.end()) return;
  std::erase_if(found->second, [&](const auto& held) { return held.get() == listener; });
  if (found->second.empty()) listeners_.erase(found);
}

std::size_t EventHub::subscriptions() const {
  std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (const auto& [id, held] : listeners_) count += held.size();
  return count;
}

}  // namespace smelt::jobs
