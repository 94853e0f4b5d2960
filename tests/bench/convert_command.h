// `smelt-bench convert` and `smelt-bench convert-batch`: the conversion library in this process,
// without daemon, cache or sync.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace smelt::bench {

struct ConvertFlags {
  std::string model;
  std::string output;  // empty: a temporary file that is removed
  std::string verify = "structure";
  std::vector<std::string> dims;  // NAME=VALUE
  std::vector<std::string> channels_last_outputs;
  std::vector<std::string> composites;  // as in ConvertRequest
  std::string precision = "float32";    // or float16, dynamic_range, int8, int16x8
  std::string io_type = "float32";      // or activations, uint8
  bool strict_integer = false;
  std::int64_t fewest_weight_elements = 0;  // as in ConvertRequest
  bool one_scale_a_weight = false;
  bool accuracy = false;               // measure it too; the report goes to stderr
  std::string dump_after;              // its IR text goes to stderr
  std::uint64_t max_inline_bytes = 0;  // as in ConvertRequest
  // As in SplitRequest. Parts and what describes them are written beside `output`.
  std::uint64_t split_max_bytes = 0;
  std::uint64_t split_target_bytes = 0;
  std::uint32_t split_parts = 0;
  std::vector<std::string> split_at;
  bool check_ir = false;
  bool json = false;
  bool with_folder = false;  // files beside the model serve as external data
  int repeat = 1;            // the median is reported
};

// 0 converted, 1 refused or failed, 2 not usable.
int RunConvert(const ConvertFlags& flags);

// Each line of `list_path` is "MODEL<tab>OUTPUT"; one JSON line a model on stdout. 0 when all lines
// were processed, whatever became of them.
int RunConvertBatch(const std::string& list_path, const std::string& verify);

}  // namespace smelt::bench
