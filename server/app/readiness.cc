#include "server/app/readiness.h"

#include <utility>

#include "core/base/log.h"

namespace smelt::app {

void Readiness::SetStore(Status status) {
  std::lock_guard lock(mutex_);
  if (store_.ok() != status.ok()) {
    Log(status.ok() ? LogLevel::kInfo : LogLevel::kError,
        status.ok() ? "store_writable" : "store_not_writable", {{"status", status.ToString()}});
  }
  store_ = std::move(status);
}

Status Readiness::store() const {
  std::lock_guard lock(mutex_);
  return store_;
}

void Readiness::SetObstacle(std::string why) {
  std::lock_guard lock(mutex_);
  obstacle_ = std::move(why);
}

std::string Readiness::obstacle() const {
  std::lock_guard lock(mutex_);
  return obstacle_;
}

}  // namespace smelt::app
