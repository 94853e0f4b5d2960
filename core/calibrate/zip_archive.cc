#include "core/calibrate/zip_archive.h"

#include <zip.h>

#include <string_view>
#include <utility>

namespace smelt::calibrate {

struct ZipArchive::Handle {
  explicit Handle(SharedBytes bytes) : file(std::move(bytes)) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (zip != nullptr) zip_discard(zip);
  }
  SharedBytes file;
  zip_t* zip = nullptr;
};

namespace {

constexpr zip_int64_t kMostEntries = 65'536;
// Deflate packs 258 bytes into 2 bits at best.
constexpr zip_uint64_t kMostInflation = 1032;

Status Invalid(const std::string& what, const char* why) {
  return Status(Reason::kCalibrationDataInvalid, what + ": " + why);
}

class Entry final : public ByteStream {
 public:
  Entry(std::shared_ptr<ZipArchive::Handle> handle, zip_file_t* file, std::uint64_t size)
      : handle_(std::move(handle)), file_(file), size_(size) {}
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;
  ~Entry() override { zip_fclose(file_); }

  std::uint64_t size_bytes() const override { return size_; }
  Status Read(std::span<std::byte> out) override {
    while (!out.empty()) {
      const zip_int64_t count = zip_fread(file_, out.data(), out.size());
      if (count < 0) return Invalid("the archive's entry can't be read", zip_file_strerror(file_));
      if (count == 0) {
        return Status(Reason::kCalibrationDataInvalid, "the archive's entry ends too early");
      }
      out = out.subspan(static_cast<std::size_t>(count));
    }
    return Status::Ok();
  }
  // libzip compares checksums when it comes to the end.
  Status End() override {
    std::byte more{};
    const zip_int64_t count = zip_fread(file_, &more, 1);
    if (count < 0) return Invalid("the archive's entry can't be read", zip_file_strerror(file_));
    if (count == 0) return Status::Ok();
    return Status(Reason::kCalibrationDataInvalid, "something stands behind the array");
  }

 private:
  std::shared_ptr<ZipArchive::Handle> handle_;  // outlives file_
  zip_file_t* file_;
  std::uint64_t size_;
};

}  // namespace

bool IsZip(ByteSpan file) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  return text.starts_with("PK\x03\x04") || text.starts_with("PK\x05\x06");
}

Result<ZipArchive> ZipArchive::Open(SharedBytes file) {
  auto handle = std::make_shared<Handle>(std::move(file));
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source =
      zip_source_buffer_create(handle->file.data(), handle->file.size(), 0, &error);
  if (source != nullptr) {
    handle->zip = zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error);
    if (handle->zip == nullptr) zip_source_free(source);
  }
  if (handle->zip == nullptr) {
    Status invalid = Invalid("the zip archive can't be read", zip_error_strerror(&error));
    zip_error_fini(&error);
    return invalid;
  }
  zip_error_fini(&error);
  const zip_int64_t count = zip_get_num_entries(handle->zip, 0);
  if (count > kMostEntries) {
    return Status(Reason::kCalibrationDataInvalid, "the zip archive has " + std::to_string(count) +
                                                       " entries, at most " +
                                                       std::to_string(kMostEntries) + " are read");
  }
  ZipArchive archive(std::move(handle));
  for (zip_int64_t i = 0; i < count; ++i) {
    const char* name = zip_get_name(archive.handle_->zip, static_cast<zip_uint64_t>(i), 0);
    archive.names_.emplace_back(name == nullptr ? "" : name);
  }
  return archive;
}

Result<std::unique_ptr<ByteStream>> ZipArchive::OpenEntry(std::size_t index) const {
  zip_stat_t facts;
  zip_stat_init(&facts);
  if (zip_stat_index(handle_->zip, index, 0, &facts) != 0 || (facts.valid & ZIP_STAT_SIZE) == 0) {
    return Invalid("the archive's entry can't be found", zip_strerror(handle_->zip));
  }
  const bool has_packing =
      (facts.valid & ZIP_STAT_COMP_SIZE) != 0 && (facts.valid & ZIP_STAT_COMP_METHOD) != 0;
  if (!has_packing || (facts.comp_method != ZIP_CM_STORE && facts.comp_method != ZIP_CM_DEFLATE)) {
    return Status(Reason::kCalibrationDataInvalid,
                  "the archive's entry is neither stored nor deflated");
  }
  // What no packing gives is not allocated.
  if (facts.size / kMostInflation > facts.comp_size) {
    return Status(Reason::kCalibrationDataInvalid,
                  "the archive's entry claims more bytes than it can hold");
  }
  zip_file_t* file = zip_fopen_index(handle_->zip, index, 0);
  if (file == nullptr) {
    return Invalid("the archive's entry can't be opened", zip_strerror(handle_->zip));
  }
  return std::unique_ptr<ByteStream>(std::make_unique<Entry>(handle_, file, facts.size));
}

}  // namespace smelt::calibrate
