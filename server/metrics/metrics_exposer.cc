#include "server/metrics/metrics_exposer.h"

#include <prometheus/exposer.h>

#include <exception>
#include <utility>

#include "server/metrics/metrics_impl.h"

namespace smelt::metrics {
namespace {

constexpr std::size_t kThreads = 2;

}  // namespace

Result<std::unique_ptr<MetricsExposer>> MetricsExposer::Start(const std::string& address,
                                                              Metrics& metrics) {
  try {  // the library's constructor throws when it can't listen
    auto exposer = std::make_unique<prometheus::Exposer>(address, kThreads);
    exposer->RegisterCollectable(metrics.impl_->registry, "/metrics");
    exposer->RegisterCollectable(metrics.impl_->gauges, "/metrics");
    const std::vector<int> ports = exposer->GetListeningPorts();
    if (ports.empty()) return Status(Reason::kConfigInvalid, "no listening port at " + address);
    return std::unique_ptr<MetricsExposer>(new MetricsExposer(std::move(exposer), ports[0]));
  } catch (const std::exception& error) {
    return Status(Reason::kConfigInvalid,
                  "can't serve metrics at " + address + ": " + error.what());
  }
}

MetricsExposer::MetricsExposer(std::unique_ptr<prometheus::Exposer> exposer, int port)
    : exposer_(std::move(exposer)), port_(port) {}
MetricsExposer::~MetricsExposer() = default;

}  // namespace smelt::metrics
