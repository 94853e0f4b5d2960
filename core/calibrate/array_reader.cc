#include "core/calibrate/array_reader.h"

#include <algorithm>
#include <array>
#include <set>
#include <span>
#include <utility>

#include "core/calibrate/zip_archive.h"
#include "core/ir/constant.h"
#include "core/ir/element_cast.h"

namespace smelt::calibrate {
namespace {

constexpr std::string_view kEnding = ".npy";

std::uint64_t ElementBytes(ir::DType dtype) {
  return static_cast<std::uint64_t>(ir::ElementBits(dtype) / 8);
}

// From big endian, where it is.
void Reverse(std::span<std::byte> data, std::size_t element_bytes) {
  for (std::size_t at = 0; at + element_bytes <= data.size(); at += element_bytes) {
    std::ranges::reverse(data.subspan(at, element_bytes));
  }
}

// NumPy writes 0 and 1; a bool of another value can't be read as one.
void Normalize(std::span<std::byte> bools) {
  for (std::byte& one : bools) one = one == std::byte{0} ? std::byte{0} : std::byte{1};
}

}  // namespace

Result<ArrayReader> ArrayReader::OpenStream(std::unique_ptr<ByteStream> stream) {
  const std::uint64_t size = stream->size_bytes();
  std::vector<std::byte> header(
      static_cast<std::size_t>(std::min<std::uint64_t>(size, kNpyPrefixBytes)));
  SMELT_RETURN_IF_ERROR(stream->Read(header));
  const std::size_t prefix = header.size();
  SMELT_ASSIGN_OR_RETURN(const std::size_t bytes, NpyHeaderBytes(header));
  if (bytes < prefix || bytes > size) {
    return Status(Reason::kCalibrationDataInvalid, "the NPY header is broken: its length");
  }
  header.resize(bytes);
  SMELT_RETURN_IF_ERROR(stream->Read(std::span(header).subspan(prefix)));
  SMELT_ASSIGN_OR_RETURN(ArrayHeader parsed, ParseNpyHeader(header));
  if (parsed.data_bytes != size - bytes) {
    return Status(Reason::kCalibrationDataInvalid,
                  "the array has " + std::to_string(parsed.data_bytes) +
                      " bytes by its header, and " + std::to_string(size - bytes) + " follow it");
  }
  ArrayReader reader(std::move(stream), std::move(parsed));
  if (reader.header_.data_bytes == 0) SMELT_RETURN_IF_ERROR(reader.stream_->End());
  const bool turned = reader.header_.fortran_order && reader.header_.shape.size() > 1;
  if (turned && reader.header_.data_bytes != 0) SMELT_RETURN_IF_ERROR(reader.MakeRowMajor());
  return reader;
}

Result<ArrayReader> ArrayReader::OpenNpy(const SharedBytes& file) {
  return OpenStream(std::make_unique<MemoryStream>(file));
}

Result<ArrayReader> ArrayReader::OpenNpz(const SharedBytes& file, const std::string& entry) {
  SMELT_ASSIGN_OR_RETURN(const ZipArchive archive, ZipArchive::Open(file));
  const auto found = std::ranges::find(archive.names(), entry);
  if (found == archive.names().end()) {
    return Status(Reason::kCalibrationDataInvalid, "the archive has no entry of that name");
  }
  SMELT_ASSIGN_OR_RETURN(
      std::unique_ptr<ByteStream> stream,
      archive.OpenEntry(static_cast<std::size_t>(found - archive.names().begin())));
  return OpenStream(std::move(stream));
}

Result<ArrayReader> ArrayReader::OpenRaw(const SharedBytes& file, ir::DType dtype) {
  if (!ir::IsNumeric(dtype) || ir::ElementBits(dtype) < 8) {
    return Status(Reason::kUnsupportedType, "elements of type " +
                                                std::string(ir::DTypeName(dtype)) +
                                                " can't be read without a header");
  }
  ArrayHeader header;
  header.dtype = dtype;
  header.shape = {static_cast<std::int64_t>(file.size() / ElementBytes(dtype))};
  SMELT_RETURN_IF_ERROR(CountBytes(header));
  if (header.data_bytes != file.size()) {
    return Status(Reason::kCalibrationDataInvalid,
                  "the file has " + std::to_string(file.size()) + " bytes, no multiple of the " +
                      std::to_string(ElementBytes(dtype)) + " of an element");
  }
  return ArrayReader(std::make_unique<MemoryStream>(file), std::move(header));
}

Result<interp::Tensor> ArrayReader::ReadStored(std::int64_t count) {
  interp::Tensor tensor = interp::Tensor::Zeros(header_.dtype, {count});
  const std::span<std::byte> data(tensor.mutable_data(), tensor.bytes().size());
  SMELT_RETURN_IF_ERROR(stream_->Read(data));
  if (header_.big_endian) Reverse(data, ElementBytes(header_.dtype));
  if (header_.dtype == ir::DType::kBool) Normalize(data);
  return tensor;
}

Result<interp::Tensor> ArrayReader::Read(std::int64_t count) {
  SMELT_CHECK(count >= 0 && count <= header_.element_count() - read_);
  SMELT_ASSIGN_OR_RETURN(interp::Tensor tensor, ReadStored(count));
  read_ += count;
  if (read_ == header_.element_count()) SMELT_RETURN_IF_ERROR(stream_->End());
  return tensor;
}

Status ArrayReader::MakeRowMajor() {
  SMELT_ASSIGN_OR_RETURN(const interp::Tensor stored, ReadStored(header_.element_count()));
  SMELT_RETURN_IF_ERROR(stream_->End());
  // Its elements in order are those of the array with its axes in reverse.
  const std::vector<std::int64_t> reversed(header_.shape.rbegin(), header_.shape.rend());
  std::vector<int> order;
  for (auto axis = static_cast<int>(reversed.size()); axis-- > 0;) order.push_back(axis);
  const ir::Constant turned = stored.Reshaped(reversed).ToConstant().Transposed(order);
  stream_ = std::make_unique<MemoryStream>(turned.Materialize());
  header_.big_endian = false;
  return Status::Ok();
}

Result<std::vector<NpzEntry>> ListNpz(const SharedBytes& file) {
  SMELT_ASSIGN_OR_RETURN(const ZipArchive archive, ZipArchive::Open(file));
  std::vector<NpzEntry> entries;
  std::set<std::string> keys;
  for (const std::string& name : archive.names()) {
    if (!name.ends_with(kEnding)) continue;
    std::string key = name.substr(0, name.size() - kEnding.size());
    if (!keys.insert(key).second) {
      return Status(Reason::kCalibrationDataInvalid, "the archive has '" + key + "' twice");
    }
    entries.push_back({std::move(key), name});
  }
  return entries;
}

}  // namespace smelt::calibrate
