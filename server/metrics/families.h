// Families: the metric families and their cached children. Private to this folder.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

namespace smelt::metrics {

using Buckets = prometheus::Histogram::BucketBoundaries;

// Steps 1, 2.2, 4.6 a decade, from `first` up to `last`.
Buckets DecimalBuckets(double first, double last);
// Doubling from `first` up to `last`.
Buckets DoublingBuckets(double first, double last);

// One family with its label names; finds the child for a list of label values, in their order.
// Family::Add takes a lock and hashes strings; the children are kept here instead.
// Safe for calls from any thread.
template <class Metric>
class Children {
 public:
  Children(prometheus::Family<Metric>& family, std::vector<std::string> labels,
           Buckets buckets = {})
      : family_(family), labels_(std::move(labels)), buckets_(std::move(buckets)) {}

  Metric& With(std::initializer_list<std::string_view> values);

 private:
  Metric& Make(const prometheus::Labels& labels);

  prometheus::Family<Metric>& family_;
  const std::vector<std::string> labels_;
  const Buckets buckets_;
  std::shared_mutex mutex_;
  std::map<std::string, Metric*, std::less<>> children_;  // owned by the family
};

using Counters = Children<prometheus::Counter>;
using GaugeSet = Children<prometheus::Gauge>;
using Histograms = Children<prometheus::Histogram>;

// A set of label values; others are said as "other". Safe for calls from any thread.
class KnownValues {
 public:
  void Set(const std::vector<std::string>& values);
  // `value` if it is known, else "other". The view lives as long as this object or the argument.
  std::string_view Bound(std::string_view value) const;

 private:
  mutable std::shared_mutex mutex_;
  std::set<std::string, std::less<>> values_;
};

struct Families {
  explicit Families(prometheus::Registry& registry);

  Counters jobs_submitted;
  Counters jobs_finished;
  Counters impossible_transitions;
  Histograms stage_seconds;
  Counters ops_lowered;
  Counters ops_rejected;
  Histograms worker_cpu_seconds;
  Histograms worker_rss_bytes;
  Counters worker_exits;
  GaugeSet workers;
  Counters uploads;
  Histograms commit_seconds;
  Histograms commit_calls;
  Histograms fsync_seconds;
  GaugeSet watch_streams;
  Counters watch_gaps;
  GaugeSet build_info;
  Counters rpc_started;
  Counters rpc_handled;
  Histograms rpc_seconds;
};

}  // namespace smelt::metrics
