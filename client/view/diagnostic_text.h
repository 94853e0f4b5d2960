// One diagnostic as a block of text.
#pragma once

#include <cstddef>
#include <ostream>

#include "client/view/text.h"
#include "smelt/v1/report.pb.h"

namespace smelt::client {

// A blank line, then the block under its number (from 1). The hint falls back to the reason's own.
void PrintDiagnostic(std::ostream& out, const v1::Diagnostic& diagnostic, std::size_t number,
                     const Ink& ink);

// "node 12 'conv1' Conv (opset 13) in layer1.block": what is known of it.
std::string NodeText(const v1::SourceNode& node);

}  // namespace smelt::client
