// Detours: element types in which a kernel gives the exact result of one that it lacks.
#pragma once

#include <optional>

#include "core/ir/data_use.h"
#include "core/target/profile.h"

namespace smelt::passes {

// The type to compute in instead of `dtype`, and whether it is reached by BITCAST (else by CAST).
struct Detour {
  ir::DType dtype;
  bool bitcast;
};
// Nothing when no type that the kernel has (`supported`) gives the exact result.
std::optional<Detour> FindDetour(ir::DataUse use, ir::DType dtype, target::TypeSet supported);

}  // namespace smelt::passes
