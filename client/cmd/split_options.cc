#include "client/cmd/split_options.h"

#include <CLI/CLI.hpp>

namespace smelt::client {
namespace {

constexpr std::uint64_t kDefaultMaxBytes = 1'073'741'824;  // the daemon's

}  // namespace

void AddSplitOptions(CLI::App& app, SplitFlags& flags) {
  app.add_flag("--split", flags.split,
               "Write the artifact in parts that run one after another, if it is too large for one "
               "file of 1,060,000,000 bytes");
  app.add_option("--split-max-bytes", flags.max_bytes,
                 "No part's file is larger (default 1073741824); splits what is")
      ->type_name("BYTES")
      ->check(CLI::PositiveNumber.description(""));
  app.add_option("--split-target-bytes", flags.target_bytes,
                 "Fill parts up to this size (default 1060000000, or the limit if less)")
      ->type_name("BYTES")
      ->check(CLI::PositiveNumber.description(""));
  auto* parts = app.add_option("--split-parts", flags.parts, "Write exactly so many parts")
                    ->type_name("N")
                    ->check(CLI::Range(1, 1024).description(""));
  app.add_option("--split-at", flags.at_tensors,
                 "Cut behind these tensors, by their names in the artifact")
      ->type_name("TENSOR,...")
      ->delimiter(',')
      ->take_all()
      ->allow_extra_args(false)
      ->excludes(parts);
}

Status AddSplit(const SplitFlags& flags, v1::ConvertOptions& wire) {
  if (!flags.any()) return Status::Ok();
  const std::uint64_t max_bytes = flags.max_bytes != 0 ? flags.max_bytes : kDefaultMaxBytes;
  if (flags.target_bytes > max_bytes) {
    return Status(Reason::kUsage, "--split-target-bytes is " + std::to_string(flags.target_bytes) +
                                      ", more than --split-max-bytes, " +
                                      std::to_string(max_bytes));
  }
  v1::SplitOptions& split = *wire.mutable_split();
  split.set_max_bytes(flags.max_bytes);
  split.set_target_bytes(flags.target_bytes);
  split.set_parts(flags.parts);
  split.set_base_name(flags.base_name);
  for (const std::string& tensor : flags.at_tensors) split.add_at_tensors(tensor);
  return Status::Ok();
}

}  // namespace smelt::client
