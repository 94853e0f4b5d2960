// The options that give samples to calibrate with, and the files that they name.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "client/files/model_file.h"
#include "core/base/result.h"
#include "smelt/v1/jobs.pb.h"

namespace CLI {
class App;
}

namespace smelt::client {

struct CalibrationFlags {
  std::vector<std::string> paths;    // [INPUT=]PATH[:TYPE]
  std::string method;                // "": minmax
  double percentile = 0;             // 0: the server's
  std::uint64_t samples = 0;         // 0: all
  std::vector<std::string> layouts;  // INPUT=LAYOUT
};

// A file of samples on this machine, opened, as it will be sent.
struct CalibrationInput {
  ModelFile file;
  std::string path;
  v1::CalibrationFile wire;  // without its digest
};

void AddCalibrationOptions(CLI::App& app, CalibrationFlags& flags);

// Sets what the flags ask for, if anything. kUsage.
Status AddCalibration(const CalibrationFlags& flags, v1::ConvertOptions& wire);

// The files that the flags name: of a folder those that end in .npy or .npz, or with a type all, in
// the order of their names. kUsage, kIoError.
Result<std::vector<CalibrationInput>> OpenCalibration(const CalibrationFlags& flags);

}  // namespace smelt::client
