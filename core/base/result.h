// Result<T>: a value, or the Status that says why there is none.
#pragma once

#include <optional>
#include <utility>

#include "core/base/status.h"

namespace smelt {

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}         // NOLINT: implicit by design
  Result(Status status) : status_(std::move(status)) {  // NOLINT: implicit by design
    SMELT_CHECK(!status_.ok());
  }
  Result(Reason reason, std::string message) : status_(reason, std::move(message)) {}

  bool ok() const { return value_.has_value(); }
  const Status& status() const& { return status_; }
  Status&& status() && { return std::move(status_); }

  T& value() & {
    SMELT_CHECK(ok());
    return *value_;
  }
  const T& value() const& {
    SMELT_CHECK(ok());
    return *value_;
  }
  T&& value() && {
    SMELT_CHECK(ok());
    return *std::move(value_);
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace smelt

#define SMELT_CONCAT_INNER_(a, b) a##b
#define SMELT_CONCAT_(a, b) SMELT_CONCAT_INNER_(a, b)
// SMELT_ASSIGN_OR_RETURN(auto x, Compute());
#define SMELT_ASSIGN_OR_RETURN(lhs, expr) \
  SMELT_ASSIGN_OR_RETURN_IMPL_(SMELT_CONCAT_(smelt_result_, __LINE__), lhs, expr)
#define SMELT_ASSIGN_OR_RETURN_IMPL_(result, lhs, expr) \
  auto result = (expr);                                 \
  if (!result.ok()) return std::move(result).status();  \
  lhs = std::move(result).value()
