// Do an operator's attributes fit the operator table? Asked by the verifier and by the text parser:
// inference may rely on the answer.
#pragma once

#include <string>

#include "core/ir/attributes.h"
#include "core/ir/op_table.h"

namespace smelt::ir {

// Empty when every required attribute is there, every attribute is known and has its type; else
// what is wrong. A composite may have attributes of its own.
std::string AttributeProblem(const OpInfo& info, const Attributes& attrs);

}  // namespace smelt::ir
