// The options of a conversion on the command line, and as the API takes them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "client/cmd/calibration_options.h"
#include "client/cmd/split_options.h"
#include "core/base/result.h"
#include "smelt/v1/jobs.pb.h"

namespace CLI {
class App;
}

namespace smelt::client {

struct SubmitOptions {
  std::string model;                        // a path, or "-" for standard input
  std::vector<std::string> dims;            // NAME=VALUE
  std::vector<std::string> input_shapes;    // NAME=1x3x224x224
  std::int64_t batch = 0;                   // 0: as the model has it
  std::vector<std::string> input_layouts;   // NAME=LAYOUT
  std::vector<std::string> output_layouts;  // NAME=LAYOUT
  std::string precision;                    // "": float32, or float16 where that flag is set
  bool float16 = false;
  std::int64_t quantize_min_elements = 0;  // 0: the server's
  bool per_tensor = false;
  std::string io_type;  // "": float32
  bool strict_integer = false;
  std::string target;
  std::string verify = "run";
  std::vector<std::string> disabled_passes;
  bool check_ir = false;
  std::vector<std::string> extra_reports;  // coverage, tensors, accuracy
  bool fail_on_accuracy = false;
  bool reproducer = false;
  std::vector<std::string> custom_ops;  // names, or "all"
  std::string min_runtime;
  std::vector<std::string> from;
  std::vector<std::string> to;
  std::vector<std::string> signatures;  // KEY[:DIM=SIZE|from=TENSOR|to=TENSOR,...]
  std::vector<std::string> dumps;       // "after:PASS", or "all"
  std::string compute_type = "source";
  std::vector<std::string> composites;  // names, "all" or "none"
  CalibrationFlags calibration;
  SplitFlags split;
  std::string request_id;  // "": a random one
};

// Declares MODEL and the options that describe a conversion.
void AddSubmitOptions(CLI::App& app, SubmitOptions& options);

// The options as the API takes them. kUsage.
Result<v1::ConvertOptions> ToConvertOptions(const SubmitOptions& options);

}  // namespace smelt::client
