#include "server/metrics/families.h"

#include <cmath>

namespace smelt::metrics {
namespace {

using prometheus::Counter;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Registry;

Counters CounterFamily(Registry& registry, const char* name, const char* help,
                       std::vector<std::string> labels) {
  return Counters(prometheus::BuildCounter().Name(name).Help(help).Register(registry),
                  std::move(labels));
}

GaugeSet GaugeFamily(Registry& registry, const char* name, const char* help,
                     std::vector<std::string> labels) {
  return GaugeSet(prometheus::BuildGauge().Name(name).Help(help).Register(registry),
                  std::move(labels));
}

Histograms HistogramFamily(Registry& registry, const char* name, const char* help,
                           std::vector<std::string> labels, Buckets buckets) {
  return Histograms(prometheus::BuildHistogram().Name(name).Help(help).Register(registry),
                    std::move(labels), std::move(buckets));
}

constexpr double kMebibyte = 1 << 20;

}  // namespace

Buckets DecimalBuckets(double first, double last) {
  Buckets buckets;
  for (double decade = first; decade < last * 1.5; decade *= 10) {
    for (const double step : {1.0, 2.2, 4.6}) {
      // Rounded, so that the label reads 0.0022 and not 0.0022000000000000001.
      const double scale = std::pow(10, 3 - std::floor(std::log10(decade * step)));
      const double bound = std::round(decade * step * scale) / scale;
      if (bound <= last * 1.0001) buckets.push_back(bound);
    }
  }
  return buckets;
}

Buckets DoublingBuckets(double first, double last) {
  Buckets buckets;
  for (double bound = first; bound <= last; bound *= 2) buckets.push_back(bound);
  return buckets;
}

template <>
Counter& Counters::Make(const prometheus::Labels& labels) {
  return family_.Add(labels);
}
template <>
Gauge& GaugeSet::Make(const prometheus::Labels& labels) {
  return family_.Add(labels);
}
template <>
Histogram& Histograms::Make(const prometheus::Labels& labels) {
  return family_.Add(labels, buckets_);
}

template <class Metric>
Metric& Children<Metric>::With(std::initializer_list<std::string_view> values) {
  std::string key;
  for (const std::string_view value : values) {
    key += value;
    key += '\0';
  }
  {
    std::shared_lock lock(mutex_);
    if (const auto found = children_.find(key); found != children_.end()) return *found->second;
  }
  prometheus::Labels labels;
  auto name = labels_.begin();
  for (const std::string_view value : values) labels[*name++] = std::string(value);
  std::unique_lock lock(mutex_);
  Metric*& child = children_[key];
  if (child == nullptr) child = &Make(labels);
  return *child;
}

template class Children<Counter>;
template class Children<Gauge>;
template class Children<Histogram>;

void KnownValues::Set(const std::vector<std::string>& values) {
  std::unique_lock lock(mutex_);
  values_ = {values.begin(), values.end()};
}

std::string_view KnownValues::Bound(std::string_view value) const {
  std::shared_lock lock(mutex_);
  return values_.contains(value) ? value : std::string_view("other");
}

Families::Families(Registry& registry)
    : jobs_submitted(CounterFamily(registry, "smelt_jobs_submitted_total", "Jobs accepted durably.",
                                   {"target"})),
      jobs_finished(CounterFamily(registry, "smelt_jobs_finished_total",
                                  "Jobs that reached an end state.",
                                  {"target", "result", "reason"})),
      impossible_transitions(CounterFamily(registry, "smelt_impossible_transitions_total",
                                           "State changes that the table forbids: bugs.", {})),
      stage_seconds(HistogramFamily(registry, "smelt_job_stage_duration_seconds",
                                    "Wall time of one stage of a job.", {"stage", "target"},
                                    DecimalBuckets(1e-3, 1e3))),
      ops_lowered(CounterFamily(registry, "smelt_ops_lowered_total",
                                "Source operators that reached an artifact.", {"op"})),
      ops_rejected(CounterFamily(registry, "smelt_ops_rejected_total", "Source operators refused.",
                                 {"op", "reason"})),
      worker_cpu_seconds(HistogramFamily(registry, "smelt_worker_cpu_seconds",
                                         "CPU time of one worker process.", {"target"},
                                         DecimalBuckets(1e-3, 1e3))),
      worker_rss_bytes(HistogramFamily(registry, "smelt_worker_max_rss_bytes",
                                       "Peak resident memory of one worker process.", {"target"},
                                       DoublingBuckets(16 * kMebibyte, 16384 * kMebibyte))),
      worker_exits(CounterFamily(registry, "smelt_worker_exits_total",
                                 "Worker processes that ended.", {"cause"})),
      workers(GaugeFamily(registry, "smelt_workers", "Worker processes alive.", {"state"})),
      uploads(CounterFamily(registry, "smelt_uploads_total", "Uploads by what became of them.",
                            {"outcome"})),
      commit_seconds(HistogramFamily(registry, "smelt_store_commit_seconds",
                                     "Time of one ledger transaction.", {"op"},
                                     DecimalBuckets(5e-5, 1))),
      commit_calls(HistogramFamily(registry, "smelt_store_commit_calls",
                                   "Calls that shared one ledger transaction.", {},
                                   DoublingBuckets(1, 256))),
      fsync_seconds(HistogramFamily(registry, "smelt_store_fsync_seconds",
                                    "Time of one sync of the blob store.", {"op"},
                                    DecimalBuckets(5e-5, 1))),
      watch_streams(GaugeFamily(registry, "smelt_watch_streams", "Open watches.", {})),
      watch_gaps(CounterFamily(registry, "smelt_watch_gaps_total",
                               "Watches that asked for events no longer kept.", {})),
      build_info(GaugeFamily(registry, "smelt_build_info", "Always 1.", {"version"})),
      rpc_started(CounterFamily(registry, "grpc_server_started_total", "RPCs started.",
                                {"grpc_service", "grpc_method"})),
      rpc_handled(CounterFamily(registry, "grpc_server_handled_total", "RPCs completed.",
                                {"grpc_service", "grpc_method", "grpc_code"})),
      rpc_seconds(HistogramFamily(registry, "grpc_server_handling_seconds",
                                  "Time from start to end of an RPC.",
                                  {"grpc_service", "grpc_method"}, DecimalBuckets(1e-3, 1e3))) {}

}  // namespace smelt::metrics
