// What became of each source node, read from the origins that rewrites carried along.
#pragma once

#include <span>

#include "core/ir/diagnostic.h"
#include "core/ir/module.h"
#include "smelt/v1/report.pb.h"

namespace smelt::report {

// `module` after the last pass. A node is rejected when an error names it, not checked when a note
// says so, custom when a CUSTOM operator carries its origin, fused when a pass put it into the
// operators of another node, converted when an operator carries its origin (decomposed when more
// than one kind does, or when the node is one of `expanded`: its body took its place), folded
// otherwise. Linear in operators and nodes.
void FillCoverage(const ir::Module& module, const ir::Diagnostics& diagnostics,
                  std::span<const ir::SourceId> expanded, v1::Coverage& coverage);

}  // namespace smelt::report
