// Fills the parts of a smelt.v1.Report from what the stages found. Pure functions, safe from any
// thread.
#pragma once

#include <span>
#include <string>

#include "core/ir/diagnostic.h"
#include "core/ir/module.h"
#include "smelt/v1/report.pb.h"

namespace smelt::report {

v1::SourceNode ToProto(const ir::SourceNode& node);
v1::Diagnostic ToProto(const ir::Diagnostic& diagnostic);

// Appends all, in the order given. The hint falls back to the reason's remedy.
void AddDiagnostics(const ir::Diagnostics& diagnostics, v1::Report& report);

// What was found in several readings of one model, each once; the order is kept.
ir::Diagnostics EachOnce(ir::Diagnostics diagnostics);

// Sets state "failed" with the first error among the diagnostics.
void FailWithFirstError(const ir::Diagnostics& diagnostics, v1::Report& report);
// Sets state "failed" with the status, as a diagnostic of `stage` too.
void FailWith(const Status& status, std::string_view stage, v1::Report& report);

// Inputs and outputs of the signatures as the source names them.
void FillPorts(const ir::Module& module, v1::ModelSummary& summary);

}  // namespace smelt::report
