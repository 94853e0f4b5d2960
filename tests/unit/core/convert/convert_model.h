// Converts models made in code, in memory.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/convert/convert.h"
#include "core/import/tflite/reader.h"
#include "smelt/v1/report.pb.h"
#include "tests/support/onnx_model.h"

namespace smelt {

class MemorySink final : public ConvertSink {
 public:
  Status Append(ByteSpan bytes) override {
    artifact.insert(artifact.end(), bytes.begin(), bytes.end());
    return Status::Ok();
  }
  Result<SharedBytes> WrittenBytes() override { return SharedBytes::Own(artifact); }
  void OnProgress(std::string_view, std::uint64_t, std::uint64_t, std::string_view) override {}
  Status AddExtra(std::string_view name, std::string_view kind, ByteSpan bytes) override {
    extras[std::string(name)].assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    kinds.emplace_back(kind);
    return Status::Ok();
  }

  std::vector<std::byte> artifact;
  std::map<std::string, std::string> extras;  // by name
  std::vector<std::string> kinds;
};

struct Converted {
  Status status;
  v1::Report report;
  MemorySink sink;
};

inline Converted ConvertModel(const testing::OnnxModel& model, ConvertRequest request = {}) {
  Converted made;
  request.model = SharedBytes::Own(model.Bytes());
  request.file_name = "net.onnx";
  request.check_ir = true;
  made.status = Convert(request, made.sink, CancelToken(), &made.report);
  return made;
}

inline ir::Module ReadBack(const Converted& made) {
  auto module = tflite_import::Read(SharedBytes::Own(made.sink.artifact));
  EXPECT_TRUE(module.ok()) << module.status().ToString();
  return module.ok() ? std::move(module).value() : ir::Module();
}

}  // namespace smelt
