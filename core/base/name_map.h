// Maps and sets of names that live elsewhere. Flat: a large graph has very many, and each step from
// node to node of a list would be a cache miss.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <functional>
#include <string_view>

namespace smelt {

template <class Value>
using NameMap = absl::flat_hash_map<std::string_view, Value, std::hash<std::string_view>>;
using NameSet = absl::flat_hash_set<std::string_view, std::hash<std::string_view>>;

}  // namespace smelt
