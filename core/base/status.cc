#include "core/base/status.h"

#include <cstdio>
#include <cstdlib>

namespace smelt {
namespace {
constexpr std::size_t kMaxContextFrames = 8;
}  // namespace

Status::Status(Reason reason, std::string message, std::string hint)
    : rep_(std::make_unique<Rep>(Rep{reason, std::move(message), std::move(hint), {}})) {
  SMELT_CHECK(reason != Reason::kOk);
}

Status::Status(const Status& other)
    : rep_(other.rep_ ? std::make_unique<Rep>(*other.rep_) : nullptr) {}

Status& Status::operator=(const Status& other) {
  if (this != &other) rep_ = other.rep_ ? std::make_unique<Rep>(*other.rep_) : nullptr;
  return *this;
}

std::string_view Status::hint() const {
  if (ok()) return {};
  return rep_->hint.empty() ? GetReasonInfo(rep_->reason).remedy : std::string_view(rep_->hint);
}

const std::vector<std::string>& Status::context() const {
  static const std::vector<std::string> kNone;
  return ok() ? kNone : rep_->context;
}

Status&& Status::WithContext(std::string frame) && {
  if (!ok() && rep_->context.size() < kMaxContextFrames) {
    rep_->context.insert(rep_->context.begin(), std::move(frame));
  }
  return std::move(*this);
}

std::string Status::ToString() const {
  if (ok()) return "ok";
  std::string text;
  for (const std::string& frame : rep_->context) text += frame + ": ";
  text += ReasonName(rep_->reason);
  text += ": ";
  text += rep_->message;
  return text;
}

void CheckFailed(const char* file, int line, const char* condition) {
  std::fprintf(stderr, "%s:%d: check failed: %s\n", file, line, condition);
  std::fflush(stderr);
  std::abort();
}

}  // namespace smelt
