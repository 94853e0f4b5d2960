#include "server/metrics/metrics.h"

#include <prometheus/text_serializer.h>

#include <utility>

#include "server/metrics/metrics_impl.h"

namespace smelt::metrics {

Metrics::Metrics(const MetricsOptions& options) : impl_(std::make_unique<Impl>(options)) {}
Metrics::~Metrics() = default;

jobs::JobMetrics& Metrics::jobs() { return impl_->jobs; }
jobs::WorkerMetrics& Metrics::workers() { return impl_->workers; }
jobs::StoreMetrics& Metrics::store() { return impl_->store; }
jobs::BlobMetrics& Metrics::blobs() { return impl_->blobs; }
jobs::RpcMetrics& Metrics::rpc() { return impl_->rpc; }

void Metrics::SetOperators(const std::vector<std::string>& operators) {
  impl_->jobs.SetOperators(operators);
}

void Metrics::SetGauges(Gauges gauges) { impl_->gauges->Set(std::move(gauges)); }

std::string Metrics::Render() const {
  std::vector<prometheus::MetricFamily> families = impl_->registry->Collect();
  for (prometheus::MetricFamily& family : impl_->gauges->Collect()) {
    families.push_back(std::move(family));
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace smelt::metrics
