// NPY files made in tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"

namespace smelt::calibrate::testing {

inline SharedBytes Bytes(std::string_view text) {
  return SharedBytes::Own(std::vector<char>(text.begin(), text.end()));
}

// Version, header and data as they are given; the length says what is there.
inline std::string NpyText(int major, std::string header, std::string_view data) {
  header += '\n';
  std::string text = "\x93NUMPY";
  text += static_cast<char>(major);
  text += '\0';
  for (int i = 0; i < (major == 1 ? 2 : 4); ++i) {
    text += static_cast<char>(header.size() >> (8 * i) & 0xFF);
  }
  return text + header + std::string(data);
}

template <class T>
std::string RawText(const std::vector<T>& values) {
  const std::span<const std::byte> bytes = std::as_bytes(std::span(values));
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Little endian, in C order; `shape` as "2, 3".
template <class T>
std::string Npy(const std::string& descr, const std::string& shape, const std::vector<T>& values) {
  return NpyText(1,
                 "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (" + shape + "), }",
                 RawText(values));
}

}  // namespace smelt::calibrate::testing
