// What a conversion is asked to calibrate with.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/base/bytes.h"

namespace smelt {

// One file of samples; see core/calibrate/data_file.h for how arrays become samples.
struct CalibrationFile {
  std::string name;   // for messages
  std::string input;  // whose data it holds; empty: the only input's, or as an NPZ file's keys say
  SharedBytes bytes;
  std::string raw_type;  // of elements without a header, "f32"; empty: an NPY or NPZ file
};

struct CalibrationRequest {
  std::vector<CalibrationFile> files;  // none: seeded noise
  // Of inputs: whether their data have the channels last, or on axis 1 as the source model has
  // them. Those of the others are as the input is fed.
  std::map<std::string, bool> channels_last_data;
  std::string method = "minmax";  // a name of core/calibrate/method.h
  double percentile = 0;          // of the method "percentile", above 50 and at most 100; 0: 99.999
  int levels = 256;               // values that a quantized element can have
  std::uint64_t most_samples = 0;  // the first ones; 0: all, or 8 of noise
  unsigned threads = 0;            // 0: as many as this process may run at once
};

}  // namespace smelt
