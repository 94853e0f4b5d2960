#include "core/import/onnx/near_names.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace smelt::onnx_import {
namespace {

constexpr std::size_t kMostNames = 3;
constexpr std::size_t kLongestName = 256;

// Levenshtein's distance, by rows.
std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t k = 0; k < b.size(); ++k) {
      const std::size_t replaced = diagonal + (a[i] == b[k] ? 0 : 1);
      diagonal = row[k + 1];
      row[k + 1] = std::min({replaced, row[k] + 1, row[k + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::vector<std::string> NearNames(std::string_view wanted, std::span<const std::string> names) {
  if (wanted.size() > kLongestName) return {};
  std::vector<std::pair<std::size_t, const std::string*>> ranked;
  for (const std::string& name : names) {
    if (name.size() > kLongestName) continue;
    const std::size_t distance = Distance(wanted, name);
    if (2 * distance <= std::max(wanted.size(), name.size())) ranked.emplace_back(distance, &name);
  }
  std::ranges::stable_sort(ranked, {}, [](const auto& entry) { return entry.first; });
  std::vector<std::string> near;
  for (std::size_t i = 0; i < std::min(kMostNames, ranked.size()); ++i) {
    near.push_back(*ranked[i].second);
  }
  return near;
}

}  // namespace smelt::onnx_import
