#include "core/calibrate/file_samples.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/calibrate/input_data.h"
#include "core/calibrate/zip_archive.h"

namespace smelt::calibrate {
namespace {

class FileSamples final : public SampleStream {
 public:
  FileSamples(std::vector<InputData> inputs, std::uint64_t total)
      : inputs_(std::move(inputs)), total_(total) {}

  Result<std::optional<Sample>> Next() override {
    if (taken_ == total_) return std::optional<Sample>();
    ++taken_;
    Sample sample;
    for (InputData& input : inputs_) {
      SMELT_ASSIGN_OR_RETURN(interp::Tensor tensor, input.Next());
      sample.push_back(std::move(tensor));
    }
    return std::optional<Sample>(std::move(sample));
  }
  std::uint64_t total() const override { return total_; }

 private:
  std::vector<InputData> inputs_;
  std::uint64_t total_;
  std::uint64_t taken_ = 0;
};

std::string Listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "\"" : ", \"") + name + "\"";
  return text;
}

// What makes a sample's axes the input's: empty where they are.
Result<std::vector<int>> PermutationOf(const std::string& input, int rank, const DataFiles& data) {
  const auto order = data.orders.find(input);
  if (order == data.orders.end()) return std::vector<int>();
  const bool is_last = data.channels_last_inputs.contains(input);
  if ((order->second == ChannelOrder::kLast) == is_last) return std::vector<int>();
  if (rank < 3 || rank > 5) {
    return Status(Reason::kCalibrationDataInvalid,
                  "the order of axes is given for input \"" + input + "\", which has " +
                      std::to_string(rank) + " of them; 3 to 5 can be ordered");
  }
  std::vector<int> permutation = {0};
  if (is_last) {  // from axis 1 to the last one
    for (int axis = 2; axis < rank; ++axis) permutation.push_back(axis);
    permutation.push_back(1);
  } else {
    permutation.push_back(rank - 1);
    for (int axis = 1; axis < rank - 1; ++axis) permutation.push_back(axis);
  }
  return permutation;
}

// One of the signature's, by name.
Result<std::size_t> PlaceOf(const std::string& input, const ir::Signature& signature) {
  const auto found = std::ranges::find(signature.input_names, input);
  if (found != signature.input_names.end()) {
    return static_cast<std::size_t>(found - signature.input_names.begin());
  }
  return Status(Reason::kUnknownTensorName, "calibration data are given for \"" + input +
                                                "\"; the inputs are " +
                                                Listed(signature.input_names));
}

Status AddArchive(const DataFile& file, const ir::Signature& signature,
                  std::vector<InputData>& inputs) {
  auto entries = ListNpz(file.bytes);
  if (!entries.ok()) {
    return Status(entries.status().reason(),
                  file.name + ": " + std::string(entries.status().message()));
  }
  std::vector<std::string> keys;
  bool any = false;
  for (const NpzEntry& entry : *entries) {
    keys.push_back(entry.key);
    const auto place = PlaceOf(entry.key, signature);
    if (!place.ok()) continue;
    any = true;
    SMELT_RETURN_IF_ERROR(
        inputs[*place].Add({file.name + ":" + entry.key, file.bytes, entry.entry, std::nullopt}));
  }
  if (any) return Status::Ok();
  return Status(Reason::kCalibrationDataInvalid,
                file.name + ": the archive's keys are " + (keys.empty() ? "none" : Listed(keys)) +
                    ", the inputs " + Listed(signature.input_names),
                "Name the arrays as the inputs: numpy.savez(path, INPUT=array).");
}

Status AddFile(const DataFile& file, const ir::Signature& signature,
               std::vector<InputData>& inputs) {
  const bool is_archive = !file.raw && IsZip(file.bytes.span());
  if (is_archive && file.input.empty()) return AddArchive(file, signature, inputs);
  if (is_archive) {
    return Status(Reason::kCalibrationDataInvalid,
                  file.name + " is given for input \"" + file.input +
                      "\", but an .npz file names the inputs itself");
  }
  if (!file.raw && !IsNpy(file.bytes.span())) {
    return Status(Reason::kCalibrationDataInvalid, file.name + " is neither an NPY nor an NPZ file",
                  "Give elements without a header a type.");
  }
  if (file.input.empty() && inputs.size() != 1) {
    return Status(
        Reason::kCalibrationDataInvalid,
        file.name + " holds one array, and the inputs are " + Listed(signature.input_names),
        "Say which input's data they are.");
  }
  std::size_t place = 0;
  if (!file.input.empty()) {
    SMELT_ASSIGN_OR_RETURN(place, PlaceOf(file.input, signature));
  }
  return inputs[place].Add({file.name, file.bytes, "", file.raw});
}

Status CheckCounts(const std::vector<InputData>& inputs) {
  for (const InputData& input : inputs) {
    if (input.empty()) {
      return Status(Reason::kCalibrationDataInvalid,
                    "there are no calibration data for input \"" + input.name() + "\"",
                    "Give data for all inputs.");
    }
    if (input.sample_count() == inputs.front().sample_count()) continue;
    return Status(Reason::kCalibrationDataInvalid,
                  "there are " + std::to_string(inputs.front().sample_count()) +
                      " samples of input \"" + inputs.front().name() + "\" and " +
                      std::to_string(input.sample_count()) + " of \"" + input.name() + "\"",
                  "Give as many for each.");
  }
  return Status::Ok();
}

}  // namespace

Result<std::unique_ptr<SampleStream>> OpenFileSamples(const ir::Module& module,
                                                      const ir::Signature& signature,
                                                      const DataFiles& data) {
  const ir::Graph& graph = module.graph(signature.graph);
  std::vector<InputData> inputs;
  for (std::size_t i = 0; i < signature.input_names.size(); ++i) {
    const ir::TensorType& type = graph.type(graph.inputs()[i]);
    SMELT_ASSIGN_OR_RETURN(std::vector<int> permutation,
                           PermutationOf(signature.input_names[i], type.shape.rank(), data));
    inputs.emplace_back(signature.input_names[i], type, std::move(permutation));
  }
  for (const auto& [input, order] : data.orders) {
    SMELT_RETURN_IF_ERROR(PlaceOf(input, signature).status());
  }
  for (const DataFile& file : data.files) {
    SMELT_RETURN_IF_ERROR(AddFile(file, signature, inputs));
  }
  SMELT_RETURN_IF_ERROR(CheckCounts(inputs));
  std::uint64_t total = inputs.empty() ? 0 : inputs.front().sample_count();
  if (data.most_samples != 0) total = std::min(total, data.most_samples);
  return std::unique_ptr<SampleStream>(std::make_unique<FileSamples>(std::move(inputs), total));
}

}  // namespace smelt::calibrate
