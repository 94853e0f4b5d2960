// App: the daemon wired together. The only place that knows every part.
//
// Start and Drain are called from one thread at a time; the parts bring their own threads.
#pragma once

#include <memory>

#include "core/base/result.h"
#include "server/config/server_config.h"

namespace smelt::app {

class App {
 public:
  // Opens the state, recovers the jobs that were under way, and serves. kConfigInvalid,
  // kServerUnavailable (an address that can't be listened on), kWorkerUnavailable, kIoError.
  static Result<std::unique_ptr<App>> Start(const config::ServerConfig& config);
  ~App();

  // Says on the health service whether work is welcome, by looking at every part; returns it.
  bool RefreshReadiness();

  // Lets running jobs end within their time, queues the others again, ends every call, and stops
  // all threads. Blocks. Once.
  void Drain();

 private:
  struct Parts;

  App();
  Status Build(const config::ServerConfig& config);
  Status BuildServer(const config::ServerConfig& config);
  Status ReadSupportTable(const std::string& worker_binary);

  std::unique_ptr<Parts> parts_;
};

}  // namespace smelt::app
