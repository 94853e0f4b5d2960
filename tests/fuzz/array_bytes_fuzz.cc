// Any bytes as calibration data: an NPY file, an NPZ file, and samples of a model's input.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "core/calibrate/array_reader.h"
#include "core/calibrate/file_samples.h"
#include "core/calibrate/zip_archive.h"
#include "tests/fuzz/convert_bytes.h"

namespace {

using smelt::calibrate::ArrayReader;

// What may be said of any bytes.
void Expect(const smelt::Status& status) {
  if (status.ok() || status.reason() == smelt::Reason::kCalibrationDataInvalid ||
      status.reason() == smelt::Reason::kUnsupportedType) {
    return;
  }
  std::fprintf(stderr, "fuzz: %s\n", status.ToString().c_str());
  std::abort();
}

void ReadAll(smelt::Result<ArrayReader> reader) {
  Expect(reader.status());
  if (!reader.ok()) return;
  constexpr std::int64_t kPart = 4096;
  constexpr std::int64_t kMost = std::int64_t{1} << 22;
  const std::int64_t count = std::min(kMost, reader->header().element_count());
  for (std::int64_t at = 0; at < count; at += kPart) {
    const auto part = reader->Read(std::min(kPart, count - at));
    Expect(part.status());
    if (!part.ok()) return;
  }
}

// y = x, of a batch of one and a symbolic size.
smelt::ir::Module MakeModule() {
  smelt::ir::Module module;
  const smelt::ir::GraphId id = module.AddGraph("main");
  smelt::ir::Graph& graph = module.graph(id);
  const smelt::ir::Dim n = module.symbols().Named("N", {"images", 1});
  const smelt::ir::ValueId x = graph.AddInput({smelt::ir::DType::kI32, {1, n}}, "images");
  const smelt::ir::ValueId outputs[] = {x};
  graph.SetOutputs(outputs);
  module.signatures.push_back({"serving_default", id, {"images"}, {"y"}});
  return module;
}

void ReadSamples(const smelt::SharedBytes& file) {
  static const smelt::ir::Module module = MakeModule();
  smelt::calibrate::DataFiles data;
  data.files.push_back({"data", "", file, std::nullopt});
  data.most_samples = 64;
  const auto samples = smelt::calibrate::OpenFileSamples(module, module.signatures.front(), data);
  Expect(samples.status());
  if (!samples.ok()) return;
  while (true) {
    const auto sample = (*samples)->Next();
    Expect(sample.status());
    if (!sample.ok() || !*sample) return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const smelt::SharedBytes file = smelt::fuzz::Copy(data, size);
  ReadAll(ArrayReader::OpenNpy(file));
  if (smelt::calibrate::IsZip(file.span())) {
    const auto entries = smelt::calibrate::ListNpz(file);
    Expect(entries.status());
    for (std::size_t i = 0; entries.ok() && i < std::min<std::size_t>(8, entries->size()); ++i) {
      ReadAll(ArrayReader::OpenNpz(file, (*entries)[i].entry));
    }
  }
  ReadSamples(file);
  return 0;
}
