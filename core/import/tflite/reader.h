// Reads a .tflite file into a module of views over the bytes: any file whose operators and tensors
// the IR has a place for, whoever wrote it. Every offset is checked; the bytes may be hostile.
#pragma once

#include <cstdint>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/ir/module.h"

namespace smelt::tflite_import {

// What the module does not say of the file, although no computation depends on it.
struct ReadNotes {
  std::uint64_t ranges = 0;    // tensors with recorded ranges (min, max), which are not kept
  std::uint64_t rankless = 0;  // computed tensors without a known rank, taken for scalars
};

// kArtifactInvalid with what is wrong and where.
Result<ir::Module> Read(const SharedBytes& file, ReadNotes* notes = nullptr);

// Checks a file beyond what Read needs: tflite_format section 7's list (dataflow order, payload
// sizes, stored shapes equal recomputed ones, names unique, signature covers inputs and outputs,
// ...).
Status CheckFile(const SharedBytes& file);

}  // namespace smelt::tflite_import
