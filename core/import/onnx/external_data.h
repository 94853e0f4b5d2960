// External data: finds the bytes of a tensor in the files of the bundle. No path is ever opened: a
// location is only a key of the bundle's table.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace smelt::onnx_import {

// A TensorProto's external_data entries.
struct ExternalReference {
  std::string location;
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> length;
};

// The location as the bundle's table spells it: no "./", no empty components, "/" as separator.
// kExternalPathEscapes when it is absolute, empty or climbs ("..").
Result<std::string> NormalizeLocation(std::string_view location);

// The bytes that `reference` means, `needed` of them when it states no length. Shares the file's
// bytes. kExternalDataMissing, kExternalPathEscapes, kExternalDataRange; each names the location.
Result<SharedBytes> FindExternalData(const std::map<std::string, SharedBytes>* files,
                                     const ExternalReference& reference, std::uint64_t needed);

}  // namespace smelt::onnx_import
