// CopyBudget: how much of a file a description may still copy. A FlatBuffer may refer to one list
// from everywhere, so that a small file stands for a huge text; an honest file holds each once.
#pragma once

#include <flatbuffers/flatbuffers.h>

#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

namespace smelt::tflite_import {

class CopyBudget {
 public:
  explicit CopyBudget(std::uint64_t bytes) : left_(bytes) {}

  // False, from then on always, when fewer than `bytes` are left.
  bool Take(std::uint64_t bytes) {
    if (bytes > left_) exceeded_ = true;
    if (exceeded_) return false;
    left_ -= bytes;
    return true;
  }
  bool exceeded() const { return exceeded_; }

  // The whole, or nothing when it is absent or too much.
  std::string Text(const flatbuffers::String* text) {
    if (text == nullptr || !Take(text->size())) return {};
    return text->str();
  }
  template <class T>
  std::vector<T> List(const flatbuffers::Vector<T>* list) {
    static_assert(std::is_arithmetic_v<T>);
    if (list == nullptr || !Take(std::uint64_t{list->size()} * sizeof(T))) return {};
    return std::vector<T>(list->begin(), list->end());
  }

 private:
  std::uint64_t left_;
  bool exceeded_ = false;
};

}  // namespace smelt::tflite_import
