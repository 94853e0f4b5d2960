#include "core/target/profile.h"

#include <algorithm>
#include <string>

#include "core/ir/op_table.h"

namespace smelt::target {

extern const Profile kLiteRt;

const OperatorSupport* Profile::Find(ir::OpKind kind) const {
  const auto row = std::ranges::lower_bound(operators, kind, {}, &OperatorSupport::kind);
  return row != operators.end() && row->kind == kind ? &*row : nullptr;
}

std::span<const Profile* const> AllProfiles() {
  static constexpr const Profile* kProfiles[] = {&kLiteRt};
  return kProfiles;
}

Result<const Profile*> FindProfile(std::string_view name) {
  std::string known;
  for (const Profile* profile : AllProfiles()) {
    if (profile->name == name) return profile;
    known += (known.empty() ? "" : ", ") + std::string(profile->name);
  }
  return Status(Reason::kInvalidArgument,
                "no target is called '" + std::string(name) + "'; known: " + known);
}

std::string TypeNames(TypeSet types) {
  std::string names;
  for (int i = 0; i < ir::kDTypeCount; ++i) {
    const auto dtype = static_cast<ir::DType>(i);
    if ((types & Bit(dtype)) == 0) continue;
    names += (names.empty() ? "" : " ") + std::string(ir::DTypeName(dtype));
  }
  return names;
}

std::string SupportTable(const Profile& profile) {
  std::string text =
      "| operator | element types | rank up to | version up to |\n| --- | --- | --: | --: |\n";
  for (const OperatorSupport& row : profile.operators) {
    text += "| " + std::string(ir::GetOpInfo(row.kind).name) + " | " + TypeNames(row.types) +
            " | " + std::to_string(row.max_rank) + " | " + std::to_string(row.max_version) + " |\n";
  }
  return text;
}

}  // namespace smelt::target
