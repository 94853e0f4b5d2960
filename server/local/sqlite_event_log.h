// SqliteEventLog: the EventLog of one node: events from the ledger, news from an EventHub.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "server/jobs/event_hub.h"
#include "server/jobs/event_log.h"
#include "server/local/ledger.h"

namespace smelt::local {

// `ledger` and `hub` outlive it; the hub is the one that the job store tells.
class SqliteEventLog final : public jobs::EventLog {
 public:
  SqliteEventLog(Ledger& ledger, jobs::EventHub& hub) : ledger_(ledger), hub_(hub) {}

  Result<std::vector<jobs::JobEvent>> ReadAfter(const std::string& job_id, std::uint64_t after_seq,
                                                std::size_t limit) override;
  std::unique_ptr<jobs::EventSubscription> Subscribe(const std::string& job_id,
                                                     NoticeFn notice) override;
  void PublishProgress(const std::string& job_id, const v1::Progress& progress) override;

 private:
  Ledger& ledger_;
  jobs::EventHub& hub_;
};

}  // namespace smelt::local
