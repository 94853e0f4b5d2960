#include <algorithm>

#include "core/import/onnx/importer.h"

namespace smelt::onnx_import {

bool CustomOperatorPolicy::Allows(std::string_view domain, std::string_view op_type) const {
  if (all) return true;
  const std::string op(op_type);
  const std::string scope = domain.empty() ? "ai.onnx" : std::string(domain);
  return std::ranges::any_of(names, [&](const std::string& name) {
    return name == op || name == scope + "::" + op || name == scope + "." + op;
  });
}

}  // namespace smelt::onnx_import
