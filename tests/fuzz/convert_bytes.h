// Converts bytes in memory: what every model of a fuzz target goes through.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/bytes.h"

namespace smelt::fuzz {

// A copy that the callee may keep: sanitizers see reads past its end.
SharedBytes Copy(const std::uint8_t* data, std::size_t size);

// Converts `model` with the IR verifier on, and reads the artifact back. Aborts on an internal
// error and on a success whose file can't be read: both are defects, whatever the bytes.
void ConvertBytes(const SharedBytes& model);

}  // namespace smelt::fuzz
