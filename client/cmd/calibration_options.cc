#include "client/cmd/calibration_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "client/cmd/option_values.h"
#include "core/base/utf8.h"

namespace smelt::client {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTypes[] = {"f16", "bf16", "f32", "f64", "i8",  "i16", "i32",
                                       "i64", "u8",   "u16", "u32", "u64", "bool"};

constexpr std::pair<std::string_view, v1::CalibrationMethod> kMethods[] = {
    {"minmax", v1::CALIBRATION_MIN_MAX},
    {"average", v1::CALIBRATION_AVERAGE},
    {"percentile", v1::CALIBRATION_PERCENTILE},
    {"mse", v1::CALIBRATION_MSE},
    {"kl", v1::CALIBRATION_KL}};

struct Place {
  std::string input;
  std::string path;
  std::string type;
};

bool Exists(const std::string& path) {
  std::error_code error;
  return fs::exists(path, error);
}

// [INPUT=]PATH[:TYPE]. What exists is a path, whatever it has in its name; an input's name ends at
// the first '=' behind which something exists.
Result<Place> ParsePlace(const std::string& text) {
  Place place;
  place.path = text;
  if (Exists(text)) return place;
  const std::size_t colon = text.rfind(':');
  if (colon != std::string::npos && std::ranges::count(kTypes, text.substr(colon + 1)) != 0) {
    place.type = text.substr(colon + 1);
    place.path = text.substr(0, colon);
    if (Exists(place.path)) return place;
  }
  for (std::size_t at = place.path.find('='); at != std::string::npos;
       at = place.path.find('=', at + 1)) {
    if (at == 0 || !Exists(place.path.substr(at + 1))) continue;
    place.input = place.path.substr(0, at);
    place.path = place.path.substr(at + 1);
    return place;
  }
  return Status(Reason::kUsage, "--calibration is '" + text + "', and there is no such file",
                "Give a file or a folder, as PATH or INPUT=PATH; elements without a header as "
                "PATH:TYPE, such as data.bin:f32.");
}

bool IsArrayFile(const fs::path& path) {
  return path.extension() == ".npy" || path.extension() == ".npz";
}

// The file, or those in the folder.
Result<std::vector<std::string>> FilesOf(const Place& place) {
  std::error_code error;
  if (!fs::is_directory(place.path, error)) return std::vector<std::string>{place.path};
  std::vector<std::string> files;
  fs::directory_iterator entries(place.path, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    std::error_code unknown;
    if (!entries->is_regular_file(unknown)) continue;
    if (place.type.empty() && !IsArrayFile(entries->path())) continue;
    files.push_back(entries->path().string());
  }
  if (error) return Status(Reason::kIoError, "can't list " + place.path + ": " + error.message());
  if (files.empty()) {
    return Status(Reason::kUsage,
                  "--calibration: the folder " + place.path +
                      (place.type.empty() ? " has no .npy and no .npz files" : " has no files"));
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace

void AddCalibrationOptions(CLI::App& app, CalibrationFlags& flags) {
  app.add_option("--calibration", flags.paths,
                 "Measure the ranges of all tensors on these samples: .npy, .npz whose keys are "
                 "inputs, folders of them, or elements alone of a TYPE such as f32 (repeatable)")
      ->type_name("[INPUT=]PATH[:TYPE]")
      ->take_all()
      ->allow_extra_args(false);
  app.add_option("--calibration-method", flags.method,
                 "How ranges follow from what is measured (default minmax)")
      ->type_name("minmax|average|percentile|mse|kl");
  app.add_option("--calibration-percentile", flags.percentile,
                 "Share of elements below a range's upper end, and above its lower one (99.999)")
      ->type_name("PERCENT");
  app.add_option("--calibration-samples", flags.samples, "Use the first N samples alone")
      ->type_name("N")
      ->check(CLI::PositiveNumber.description(""));
  app.add_option("--calibration-layout", flags.layouts,
                 "The order of axes in an input's samples, if it is not the one in which the input "
                 "is fed (repeatable)")
      ->type_name("INPUT=nhwc|source")
      ->take_all()
      ->allow_extra_args(false);
}

Status AddCalibration(const CalibrationFlags& flags, v1::ConvertOptions& wire) {
  const bool asks = !flags.method.empty() || flags.percentile != 0 || flags.samples != 0 ||
                    !flags.layouts.empty();
  if (flags.paths.empty()) {
    if (!asks) return Status::Ok();
    return Status(Reason::kUsage, "the options of calibration need samples: --calibration PATH");
  }
  v1::CalibrationOptions& options = *wire.mutable_calibration();
  const std::string name = flags.method.empty() ? "minmax" : flags.method;
  const auto* known =
      std::ranges::find(kMethods, name, &std::pair<std::string_view, v1::CalibrationMethod>::first);
  if (known == std::end(kMethods)) {
    return Status(Reason::kUsage, "--calibration-method is '" + name +
                                      "'; it must be minmax, average, percentile, mse or kl");
  }
  options.set_method(known->second);
  if (flags.percentile != 0) {
    if (known->second != v1::CALIBRATION_PERCENTILE) {
      return Status(Reason::kUsage,
                    "--calibration-percentile needs --calibration-method percentile");
    }
    if (!(flags.percentile > 50 && flags.percentile <= 100)) {
      return Status(Reason::kUsage, "--calibration-percentile is " +
                                        std::to_string(flags.percentile) +
                                        "; it must be above 50 and at most 100");
    }
    options.set_percentile(flags.percentile);
  }
  options.set_most_samples(flags.samples);
  return ParseLayouts(flags.layouts, "--calibration-layout", options.mutable_data_layouts());
}

Result<std::vector<CalibrationInput>> OpenCalibration(const CalibrationFlags& flags) {
  std::vector<CalibrationInput> inputs;
  for (const std::string& text : flags.paths) {
    SMELT_ASSIGN_OR_RETURN(const Place place, ParsePlace(text));
    SMELT_ASSIGN_OR_RETURN(const std::vector<std::string> files, FilesOf(place));
    for (const std::string& path : files) {
      SMELT_ASSIGN_OR_RETURN(ModelFile file, ModelFile::Open(path));
      v1::CalibrationFile wire;
      wire.set_name(ToUtf8(fs::path(path).filename().string()));
      wire.set_input(place.input);
      wire.set_raw_type(place.type);
      inputs.push_back({std::move(file), path, std::move(wire)});
    }
  }
  return inputs;
}

}  // namespace smelt::client
