#include "core/import/onnx/tensor_payload.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "core/import/onnx/data_type.h"
#include "core/import/onnx/declared_type.h"
#include "core/import/onnx/external_data.h"
#include "core/import/onnx/wire.h"
#include "core/ir/shape.h"

namespace smelt::onnx_import {
namespace {

using ir::DType;

// TensorProto's payload fields.
enum Field : std::uint32_t {
  kFloatData = 4,
  kInt32Data = 5,
  kInt64Data = 7,
  kRawData = 9,
  kDoubleData = 10,
  kUint64Data = 11,
};

// The typed field that stores a type when raw_data does not; 0: none.
std::uint32_t TypedField(DType dtype) {
  switch (dtype) {
    case DType::kF32:
    case DType::kC64:
      return kFloatData;
    case DType::kF64:
    case DType::kC128:
      return kDoubleData;
    case DType::kI64:
      return kInt64Data;
    case DType::kU32:
    case DType::kU64:
      return kUint64Data;
    case DType::kI32:
    case DType::kI16:
    case DType::kI8:
    case DType::kU16:
    case DType::kU8:
    case DType::kBool:
    case DType::kF16:
    case DType::kBF16:
    case DType::kI4:
    case DType::kU4:
    case DType::kI2:
    case DType::kF8E4M3FN:
    case DType::kF8E5M2:
      return kInt32Data;
    case DType::kString:
    case DType::kResource:
    case DType::kVariant:
      return 0;
  }
  return 0;
}

// Bytes that one stored varint stands for (types below a byte are packed by the byte).
std::size_t VarintUnit(DType dtype) {
  const int bits = ir::ElementBits(dtype);
  return bits < 8 ? 1 : static_cast<std::size_t>(bits) / 8;
}

Status Mismatch(const onnx::TensorProto& tensor, std::uint64_t found, std::uint64_t needed) {
  return Status(Reason::kPayloadSizeMismatch,
                "tensor \"" + tensor.name() + "\" stores " + std::to_string(found) +
                    " bytes where its shape " + "and type need " + std::to_string(needed));
}

void PutLittleEndian(std::uint64_t value, std::size_t unit, std::vector<std::byte>& to) {
  for (std::size_t i = 0; i < unit; ++i) to.push_back(static_cast<std::byte>(value >> (8 * i)));
}

// The payload pieces of one tensor message.
class Payload {
 public:
  Payload(const SharedBytes& body, DType dtype, std::uint64_t needed)
      : body_(body), dtype_(dtype), needed_(needed) {}

  Status Collect() {
    const std::uint32_t typed = TypedField(dtype_);
    WireReader reader(body_.span());
    WireField field;
    while (reader.Next(field)) {
      if (field.number == kRawData && field.type == WireType::kBytes) {
        raw_ = Shared(field.bytes);
      } else if (field.number == typed) {
        SMELT_RETURN_IF_ERROR(Typed(field));
      }
    }
    return Status::Ok();
  }

  // raw_data wins when both are there, as a present raw_data excludes typed fields.
  SharedBytes Take() {
    if (raw_) return *raw_;
    if (pieces_ == 1 && single_) return *single_;
    return SharedBytes::Own(std::move(decoded_));
  }

 private:
  SharedBytes Shared(ByteSpan part) const {
    return body_.Slice(static_cast<std::size_t>(part.data() - body_.data()), part.size());
  }

  Status Typed(const WireField& field) {
    ++pieces_;
    const bool fixed = TypedField(dtype_) == kFloatData || TypedField(dtype_) == kDoubleData;
    const std::size_t unit =
        fixed ? (TypedField(dtype_) == kFloatData ? 4 : 8) : VarintUnit(dtype_);
    if (field.type == WireType::kBytes && fixed) {
      if (pieces_ == 1) {
        single_ = Shared(field.bytes);
        return Status::Ok();
      }
      Spill();
      decoded_.insert(decoded_.end(), field.bytes.begin(), field.bytes.end());
    } else if (field.type == WireType::kBytes) {
      ByteSpan rest = field.bytes;
      decoded_.reserve(std::min<std::uint64_t>(needed_, rest.size() * unit));
      while (!rest.empty()) {
        const auto value = TakeVarint(rest);
        if (!value) return Status(Reason::kModelMalformed, "a packed list of numbers is broken");
        if (decoded_.size() > needed_) break;  // too many: reported as a size mismatch
        PutLittleEndian(*value, unit, decoded_);
      }
    } else {
      Spill();
      if (decoded_.size() <= needed_) PutLittleEndian(field.value, unit, decoded_);
    }
    return Status::Ok();
  }

  // A second piece follows: the first one is no longer the whole.
  void Spill() {
    if (!single_) return;
    const ByteSpan first = single_->span();
    decoded_.insert(decoded_.end(), first.begin(), first.end());
    single_.reset();
  }

  const SharedBytes& body_;
  DType dtype_;
  std::uint64_t needed_;
  std::optional<SharedBytes> raw_;
  std::optional<SharedBytes> single_;
  int pieces_ = 0;
  std::vector<std::byte> decoded_;
};

std::optional<std::uint64_t> ParseNumber(const std::string& text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end ? std::optional(value) : std::nullopt;
}

Result<SharedBytes> ExternalBytes(const onnx::TensorProto& tensor, const PayloadSource& source,
                                  std::uint64_t needed) {
  ExternalReference reference;
  for (const auto& entry : tensor.external_data()) {
    if (entry.key() == "location") {
      reference.location = entry.value();
      continue;
    }
    if (entry.key() != "offset" && entry.key() != "length") continue;  // checksums and the like
    const auto number = ParseNumber(entry.value());
    if (!number) {
      return Status(Reason::kExternalDataRange, "tensor \"" + tensor.name() + "\": " + entry.key() +
                                                    " \"" + entry.value() + "\" is no number");
    }
    if (entry.key() == "offset") reference.offset = *number;
    if (entry.key() == "length") reference.length = *number;
  }
  return FindExternalData(source.external_files, reference, needed);
}

Result<SharedBytes> InlineBytes(const onnx::TensorProto& tensor, const PayloadSource& source,
                                const TensorHeader& header) {
  const auto index = ParseNumber(tensor.doc_string());
  if (!index || *index >= source.spans->size()) {
    return Status(Reason::kInternalError, "tensor \"" + tensor.name() + "\" was not scanned");
  }
  const TensorSpan& span = (*source.spans)[static_cast<std::size_t>(*index)];
  const SharedBytes body = source.model.Slice(span.offset, span.size);
  Payload payload(body, header.dtype, header.bytes);
  SMELT_RETURN_IF_ERROR(payload.Collect());
  return payload.Take();
}

}  // namespace

Result<TensorHeader> ReadTensorHeader(const onnx::TensorProto& tensor,
                                      std::uint64_t max_tensor_bytes) {
  TensorHeader header;
  const auto dtype = DTypeFromOnnx(tensor.data_type());
  if (!dtype) {
    return Status(Reason::kUnsupportedType, "tensor \"" + tensor.name() + "\" has element type " +
                                                std::to_string(tensor.data_type()) +
                                                ", which has no counterpart");
  }
  header.dtype = *dtype;
  header.shape.assign(tensor.dims().begin(), tensor.dims().end());
  for (const std::int64_t size : header.shape) {
    if (size < 0) {
      return Status(Reason::kDimensionOverflow,
                    "tensor \"" + tensor.name() + "\" has dimension " + std::to_string(size));
    }
  }
  const ir::TensorType type{*dtype, ir::Shape::Of(header.shape)};
  SMELT_RETURN_IF_ERROR(CheckTypeSize(type, tensor.name(), max_tensor_bytes));
  header.bytes = ir::StorageBytes(*dtype, static_cast<std::uint64_t>(*type.shape.ElementCount()));
  return header;
}

Result<ir::Constant> ReadTensor(const onnx::TensorProto& tensor, const PayloadSource& source) {
  SMELT_ASSIGN_OR_RETURN(TensorHeader header, ReadTensorHeader(tensor, source.max_tensor_bytes));
  if (TypedField(header.dtype) == 0) {
    return Status(Reason::kUnsupportedType, "tensor \"" + tensor.name() + "\" holds " +
                                                std::string(ir::DTypeName(header.dtype)) +
                                                " elements");
  }
  SharedBytes bytes;
  if (tensor.data_location() == onnx::TensorProto::EXTERNAL) {
    SMELT_ASSIGN_OR_RETURN(bytes, ExternalBytes(tensor, source, header.bytes));
  } else {
    SMELT_ASSIGN_OR_RETURN(bytes, InlineBytes(tensor, source, header));
  }
  if (bytes.size() != header.bytes) return Mismatch(tensor, bytes.size(), header.bytes);
  return ir::Constant::FromBytes(header.dtype, std::move(header.shape), std::move(bytes));
}

}  // namespace smelt::onnx_import
