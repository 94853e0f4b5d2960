#include "client/cmd/planned_file.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "client/cmd/output_path.h"

namespace smelt::client {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDumpSuffix = ".ir.txt";

bool IsSameFile(const std::string& left, const std::string& right) {
  std::error_code error;
  const bool left_exists = fs::exists(left, error);
  const bool right_exists = fs::exists(right, error);
  if (left_exists != right_exists) return false;
  if (left_exists) return fs::equivalent(left, right, error);
  const fs::path left_path = fs::weakly_canonical(left, error);
  return !error && left_path == fs::weakly_canonical(right, error);
}

// /dev/null takes any number of files.
bool IsDevice(const std::string& path) {
  std::error_code error;
  return fs::is_character_file(path, error);
}

bool IsFolder(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

Status Collision(const PlannedFile& file, const std::string& other) {
  return Status(Reason::kUsage, file.what + " would replace " + other,
                "Give another name with " + file.option + ".");
}

// The names that --dump all may write and that are taken: which passes there are, only the daemon
// knows.
void PlanAllDumps(const std::string& prefix, const std::string& report,
                  std::vector<PlannedFile>& files) {
  const fs::path folder = fs::path(prefix).parent_path();
  const std::string start = fs::path(prefix).filename().string() + "_";
  const auto add = [&](const std::string& name) {
    if (name.size() < start.size() + kDumpSuffix.size() || !name.starts_with(start) ||
        !name.ends_with(kDumpSuffix) || IsFolder((folder / name).string())) {
      return;
    }
    files.push_back({"a dump of the graph", (folder / name).string(), "-o"});
  };
  std::error_code error;
  fs::directory_iterator entries(folder.empty() ? fs::path(".") : folder, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    add(entries->path().filename().string());
  }
  if (std::error_code absent; !fs::exists(report, absent)) {
    add(fs::path(report).filename().string());
  }
}

}  // namespace

std::vector<PlannedFile> PlanOutcome(const OutcomeOptions& options) {
  std::vector<PlannedFile> files;
  if (!options.output.empty() && options.output != "-") {
    files.push_back({"the artifact", options.output, "-o"});
  }
  if (!options.report.empty() && options.report != "-") {
    files.push_back({"the report", options.report, "--report"});
  }
  return files;
}

std::vector<PlannedFile> PlanExtras(const SubmitOptions& submit, const OutcomeOptions& options,
                                    const std::string& file_name) {
  const std::string prefix =
      options.output == "-" ? fs::path(file_name).stem().string() : StemOf(options.output);
  std::vector<PlannedFile> files;
  for (const std::string& report : submit.extra_reports) {
    const std::string kind = report == "coverage"  ? "op coverage"
                             : report == "tensors" ? "tensor correspondence"
                                                   : report;
    std::string suffix = "_" + kind + "_report.json";
    std::ranges::replace(suffix, ' ', '_');
    files.push_back({"the " + kind + " report", prefix + suffix, "-o"});
  }
  if (submit.reproducer) files.push_back({"the reproducer", prefix + "_reproducer.onnx", "-o"});
  if (std::find(submit.dumps.begin(), submit.dumps.end(), "all") != submit.dumps.end()) {
    PlanAllDumps(prefix, options.report, files);
    return files;
  }
  for (const std::string& dump : submit.dumps) {
    const std::string pass = dump.substr(dump.find(':') + 1);
    files.push_back(
        {"the dump after " + pass, prefix + "_" + pass + std::string(kDumpSuffix), "-o"});
  }
  return files;
}

Status CheckPlannedFiles(const std::vector<PlannedFile>& files,
                         const std::vector<std::string>& inputs) {
  for (std::size_t i = 0; i < files.size(); ++i) {
    const PlannedFile& file = files[i];
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      if (!IsSameFile(file.path, inputs[k])) continue;
      return Collision(
          file, k == 0 ? "the model " + inputs[k] : inputs[k] + ", which holds data of the model");
    }
    if (IsFolder(file.path)) {
      return Status(Reason::kUsage, file.path + " is a folder; " + file.what + " can't be written",
                    "Give another name with " + file.option + ".");
    }
    for (std::size_t k = 0; k < i; ++k) {
      if (file.what == files[k].what || IsDevice(file.path)) continue;
      if (IsSameFile(file.path, files[k].path)) {
        return Collision(file, files[k].what + ", " + files[k].path);
      }
    }
  }
  return Status::Ok();
}

}  // namespace smelt::client
