// The IR verifier: types agree with inference, operands are defined before use, use lists are
// consistent, attributes fit the operator table, live operators keep their origin. Linear time.
#pragma once

#include "core/base/status.h"
#include "core/ir/module.h"

namespace smelt::ir {

struct VerifyOptions {
  bool require_origins = true;  // off for hand-written modules and re-read files
};

// kInternalError with every finding, one a line, when the module is not well formed: a malformed
// module is always a defect of the pass that made it.
Status VerifyModule(Module& module, const VerifyOptions& options = {});

}  // namespace smelt::ir
