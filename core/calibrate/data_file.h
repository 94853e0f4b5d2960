// Calibration data as they come: files of arrays, and how they become samples of a model's inputs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/ir/dtype.h"

namespace smelt::calibrate {

// One file: NPY, NPZ, or elements alone. Which of the first two it is its bytes say.
struct DataFile {
  std::string name;  // for messages
  // Whose data an NPY file or a raw one holds; empty: those of the only input. An NPZ file names
  // the inputs by its keys; further keys are left alone.
  std::string input;
  SharedBytes bytes;
  std::optional<ir::DType> raw;  // little-endian elements without a header, row-major
};

// Where an input's data have their channels: on axis 1, or on the last one.
enum class ChannelOrder { kFirst, kLast };

// How arrays become samples. Let the input have r axes:
//
// - an array of r + 1 axes holds one sample an index of axis 0, each with the input's sizes;
// - an array of r axes holds the samples behind one another along axis 0: as many indices a sample
//   as the input's axis 0 has, or one where that is symbolic. It must have no rest;
// - a raw file holds whole samples; the input's sizes must be known, but for axis 0, then 1;
// - several files of an input are read in their order, and all inputs have as many samples.
//
// Elements are converted to the input's type where that keeps them: see IsConvertible.
struct DataFiles {
  std::vector<DataFile> files;
  // Of inputs whose data may be ordered otherwise than the input; the others' are as the input is.
  // Ranks 3 to 5. Axis 0 is the first one in both orders.
  std::map<std::string, ChannelOrder> orders;
  std::set<std::string> channels_last_inputs;  // of the model; the others have theirs on axis 1
  std::uint64_t most_samples = 0;              // the first ones; 0: all
};

}  // namespace smelt::calibrate
