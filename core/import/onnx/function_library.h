// FunctionLibrary: the functions that can stand for an operator without a rule: the model's own,
// and the bodies by which ONNX itself defines some of its operators (from the linked ONNX library,
// which knows the versions up to its own release).
//
// Lives for one import; not thread safe.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/import/onnx/function_body.h"
#include "core/ir/shape.h"

namespace onnx {
class ModelProto;
}

namespace smelt::onnx_import {

class FunctionLibrary {
 public:
  // Borrows the model. `payloads` is where its tensors lie.
  FunctionLibrary(const onnx::ModelProto& model, const PayloadSource& payloads);

  // The model's function for a call; null when it has none. "ai.onnx" is the default domain "".
  const Function* FindLocal(const onnx::NodeProto& call) const;

  // True when the ONNX library defines version `since` of its operator by other operators.
  static bool HasSchemaFunction(std::string_view op, int since);
  // True when version `since` of ONNX's operator gives something else than tensors (sequences,
  // optional values). False of operators that the library does not know.
  static bool GivesOtherThanTensors(std::string_view op, int since);
  // The operators of the definition for float32 scalars and no attributes; none when it has no
  // such.
  static std::vector<std::string> SchemaFunctionOperators(const std::string& op, int since);
  // That definition, for operands of these types (nothing: absent). Nothing when it defines none
  // for such a call.
  static std::optional<Function> SchemaFunction(
      const onnx::NodeProto& call, int since, std::span<const std::optional<ir::TensorType>> inputs,
      const PayloadSource& payloads);

 private:
  std::unordered_map<std::string, Function> local_;
};

}  // namespace smelt::onnx_import
