// Status: success, or one reason with texts for its three audiences.
//
// `message` is for the person (what, where, the value found), `hint` says what to do, `context`
// frames are for the log and read from outer to inner. A Status is one pointer wide; success
// allocates nothing. Values may be moved between threads; they are not shared.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/reason.h"

namespace smelt {

class [[nodiscard]] Status {
 public:
  Status() = default;  // success
  Status(Reason reason, std::string message, std::string hint = "");
  Status(const Status& other);
  Status& operator=(const Status& other);
  Status(Status&&) noexcept = default;
  Status& operator=(Status&&) noexcept = default;
  ~Status() = default;

  static Status Ok() { return {}; }

  bool ok() const { return rep_ == nullptr; }
  Reason reason() const { return ok() ? Reason::kOk : rep_->reason; }
  std::string_view message() const { return ok() ? std::string_view() : rep_->message; }
  // The specific hint when one was given, else the remedy of the reason.
  std::string_view hint() const;
  const std::vector<std::string>& context() const;

  // Adds an outer context frame ("while building node 12"); keeps at most eight. No effect on
  // success.
  Status&& WithContext(std::string frame) &&;

  // "reason_name: message" with the context frames before it; "ok" for success.
  std::string ToString() const;

 private:
  struct Rep {
    Reason reason;
    std::string message;
    std::string hint;
    std::vector<std::string> context;
  };
  std::unique_ptr<Rep> rep_;
};

// Reports a bug of ours on stderr and aborts the process. Input never reaches it.
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);

}  // namespace smelt

#define SMELT_CHECK(condition)                              \
  do {                                                      \
    if (!(condition)) {                                     \
      ::smelt::CheckFailed(__FILE__, __LINE__, #condition); \
    }                                                       \
  } while (false)

#define SMELT_RETURN_IF_ERROR(expr)                                                        \
  do {                                                                                     \
    if (::smelt::Status smelt_status_ = (expr); !smelt_status_.ok()) return smelt_status_; \
  } while (false)
