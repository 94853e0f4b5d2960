// Diagnostic: one finding about the source model, complete enough to act on.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/base/reason.h"
#include "core/ir/origin.h"

namespace smelt::ir {

enum class Severity { kNote, kWarning, kError };

struct Diagnostic {
  Severity severity = Severity::kError;
  Reason reason = Reason::kInternalError;
  std::optional<SourceNode> node;  // absent when no single node is meant
  std::string tensor;              // offending tensor's name; may be empty
  std::string tensor_type;         // "f32[1,3,224,224]"; may be empty
  std::string message;             // what, where, with the value found
  std::string found;
  std::string allowed;  // the constraint's own text
  std::string hint;     // empty: the reason's remedy
  std::string stage;    // import, legalize, write, check, verify
  // Of an error: no run of the model gets past the node, so that none can mean to. Not printed.
  bool in_every_run = false;
};

using Diagnostics = std::vector<Diagnostic>;

// Whether one of those from `since` on is an error.
inline bool HasError(const Diagnostics& diagnostics, std::size_t since = 0) {
  for (std::size_t i = since; i < diagnostics.size(); ++i) {
    if (diagnostics[i].severity == Severity::kError) return true;
  }
  return false;
}

}  // namespace smelt::ir
