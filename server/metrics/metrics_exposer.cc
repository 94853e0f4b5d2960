#include "server/metrics/metrics_exposer.h"

#include <prometheus/exposer.h>

#include <exception>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "server/metrics/metrics_impl.h"

namespace smelt::metrics {
namespace {

// A connection that says nothing holds a thread until the timeout; a scraper asks at once.
constexpr const char* kOptions[] = {"num_threads",       "16", "request_timeout_ms", "2000",
                                    "enable_keep_alive", "no"};

}  // namespace

Result<std::unique_ptr<MetricsExposer>> MetricsExposer::Start(const std::string& address,
                                                              Metrics& metrics) {
  try {  // the library's constructor throws when it can't listen
    std::vector<std::string> options = {"listening_ports", address};
    options.insert(options.end(), std::begin(kOptions), std::end(kOptions));
    auto exposer = std::make_unique<prometheus::Exposer>(std::move(options));
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
