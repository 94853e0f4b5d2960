// Runs .tflite files in our interpreter, for oracles that compare it with a runtime.
//
//   run_model    reads paths from standard input, one a line. Of each it reads FILE and FILE.in,
//                the bytes of the inputs in order (open dimensions are 1), writes FILE.out, those
//                of the outputs, and prints "ok" or what went wrong, in one line.
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "core/import/tflite/reader.h"
#include "core/interp/evaluate.h"

namespace smelt::probe {
namespace {

Result<std::vector<char>> ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Status(Reason::kIoError, "can't read " + path);
  return std::vector<char>(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

Result<std::vector<interp::Tensor>> InputsOf(const ir::Graph& graph,
                                             const std::vector<char>& bytes) {
  std::vector<interp::Tensor> inputs;
  std::size_t at = 0;
  for (const ir::ValueId input : graph.inputs()) {
    const ir::TensorType& type = graph.type(input);
    std::vector<std::int64_t> sizes;
    for (const ir::Dim dim : type.shape) sizes.push_back(dim.is_static() ? dim.value() : 1);
    interp::Tensor tensor = interp::Tensor::Zeros(type.dtype, sizes);
    const std::size_t size = tensor.bytes().size();
    if (size > bytes.size() - at) return Status(Reason::kInvalidArgument, "too few input bytes");
    if (size > 0) std::memcpy(tensor.mutable_data(), bytes.data() + at, size);
    at += size;
    inputs.push_back(std::move(tensor));
  }
  return inputs;
}

Status Run(const std::string& path) {
  SMELT_ASSIGN_OR_RETURN(const std::vector<char> file, ReadAll(path));
  SMELT_ASSIGN_OR_RETURN(const std::vector<char> given, ReadAll(path + ".in"));
  SMELT_ASSIGN_OR_RETURN(const ir::Module module, tflite_import::Read(SharedBytes::Own(file)));
  SMELT_ASSIGN_OR_RETURN(const auto inputs, InputsOf(module.main(), given));
  SMELT_ASSIGN_OR_RETURN(const auto outputs, interp::Evaluate(module, module.main_id(), inputs));
  std::ofstream to(path + ".out", std::ios::binary);
  for (const interp::Tensor& output : outputs) {
    to.write(reinterpret_cast<const char*>(output.bytes().data()),
             static_cast<std::streamsize>(output.bytes().size()));
  }
  return to ? Status::Ok() : Status(Reason::kIoError, "writing failed");
}

}  // namespace
}  // namespace smelt::probe

int main() {
  std::string path;
  while (std::getline(std::cin, path)) {
    const smelt::Status status = smelt::probe::Run(path);
    std::string text = status.ok() ? "ok" : status.ToString();
    for (char& c : text) {
      if (c == '\n') c = ' ';
    }
    std::printf("%s\n", text.c_str());
    std::fflush(stdout);
  }
  return 0;
}
