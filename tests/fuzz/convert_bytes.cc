#include "tests/fuzz/convert_bytes.h"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "core/convert/convert.h"
#include "smelt/v1/report.pb.h"

namespace smelt::fuzz {
namespace {

// Larger artifacts are given up: bytes alone can ask for terabytes, and writing those tests
// nothing.
constexpr std::size_t kMostBytes = std::size_t{1} << 24;

class MemorySink final : public ConvertSink {
 public:
  Status Append(ByteSpan bytes) override {
    if (bytes_->size() + bytes.size() > kMostBytes) {
      return Status(Reason::kCancelled, "the artifact is too large for this test");
    }
    bytes_->insert(bytes_->end(), bytes.begin(), bytes.end());
    return Status::Ok();
  }
  Result<SharedBytes> WrittenBytes() override { return SharedBytes(*bytes_, bytes_); }
  void OnProgress(std::string_view, std::uint64_t, std::uint64_t, std::string_view) override {}

 private:
  std::shared_ptr<std::vector<std::byte>> bytes_ = std::make_shared<std::vector<std::byte>>();
};

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "fuzz: %s\n", what.c_str());
  std::abort();
}

}  // namespace

SharedBytes Copy(const std::uint8_t* data, std::size_t size) {
  const auto* first = reinterpret_cast<const std::byte*>(data);
  auto bytes = std::make_shared<std::vector<std::byte>>(first, first + size);
  return SharedBytes(*bytes, bytes);
}

void ConvertBytes(const SharedBytes& model) {
  ConvertRequest request;
  request.model = model;
  request.verify = Verify::kStructure;
  request.check_ir = true;
  MemorySink sink;
  v1::Report report;
  const Status status = Convert(request, sink, CancelToken(), &report);
  if (status.reason() == Reason::kInternalError) Fail(status.ToString());
  const std::string& reason = report.reason_code();
  if (reason == "internal_error" || reason == "artifact_invalid") {
    Fail(reason + ": " + report.message());
  }
}

}  // namespace smelt::fuzz
