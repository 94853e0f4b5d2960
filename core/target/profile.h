// Profile: what a named runtime release accepts, operator by operator: element types, ranks,
// and operator versions. One table a runtime; each entry that we use is proven by a one-operator
// probe in the real runtime (tests/oracle/probe_profile.py).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/ir/module.h"

namespace smelt::target {

// A set of element types as bits of ir::DType.
using TypeSet = std::uint32_t;
constexpr TypeSet Bit(ir::DType dtype) { return TypeSet{1} << static_cast<unsigned>(dtype); }

struct OperatorSupport {
  ir::OpKind kind;
  TypeSet types;     // of the operand `type_operand`, unquantized (of DEQUANTIZE i8 with scales)
  int type_operand;  // which operand's element type decides
  int max_rank;      // of any operand or result
  int max_version;   // highest operator version that the runtime registers
};

struct Profile {
  std::string_view name;                       // "litert"
  std::string_view description;                // the release it was measured on
  std::span<const OperatorSupport> operators;  // ordered by kind; absent: no kernel
  std::string_view runtime = {};  // oldest release to serve, "2.4"; empty: the one measured
  const OperatorSupport* Find(ir::OpKind kind) const;
};

// All profiles; the first is the default.
std::span<const Profile* const> AllProfiles();
// kInvalidArgument naming the known ones.
Result<const Profile*> FindProfile(std::string_view name);

// "f32 f16 i32", in the order of the type numbers.
std::string TypeNames(TypeSet types);
// The profile as a Markdown table with a heading row: operator, types, rank, version.
std::string SupportTable(const Profile& profile);

}  // namespace smelt::target
