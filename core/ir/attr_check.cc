#include "core/ir/attr_check.h"

#include <algorithm>

namespace smelt::ir {
namespace {

AttrType TypeOf(const AttrValue& value) {
  constexpr AttrType kTypes[] = {AttrType::kBool,   AttrType::kInt,  AttrType::kFloat,
                                 AttrType::kString, AttrType::kInts, AttrType::kFloats};
  static_assert(std::size(kTypes) == std::variant_size_v<AttrValue>);
  return kTypes[value.index()];
}

}  // namespace

std::string AttributeProblem(const OpInfo& info, const Attributes& attrs) {
  for (const AttrSpec& spec : info.attrs) {
    const AttrValue* value = attrs.Find(spec.name);
    if (value == nullptr) {
      if (spec.required) return "attribute " + std::string(spec.name) + " is missing";
    } else if (TypeOf(*value) != spec.type) {
      return "attribute " + std::string(spec.name) +
             " has another type than the operator table says";
    }
  }
  if (info.kind == OpKind::kComposite || info.kind == OpKind::kStablehloComposite ||
      info.kind == OpKind::kCustom) {
    return "";
  }
  for (const auto& [name, value] : attrs) {
    const bool known = std::any_of(info.attrs.begin(), info.attrs.end(),
                                   [&](const AttrSpec& spec) { return spec.name == name; });
    if (!known) return "attribute " + name + " is not in the operator table";
  }
  return "";
}

}  // namespace smelt::ir
