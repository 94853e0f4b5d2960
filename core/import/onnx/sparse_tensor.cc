#include "core/import/onnx/sparse_tensor.h"

#include <onnx/onnx_pb.h>

#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/ir/shape.h"

namespace smelt::onnx_import {
namespace {

// ReadTensor of a tensor that lies inside of another message, where the model was not scanned.
Result<ir::Constant> ReadInner(const onnx::TensorProto& tensor, const PayloadSource& source) {
  const std::string body = tensor.SerializeAsString();
  const auto bytes = std::as_bytes(std::span(body));
  const std::vector<TensorSpan> spans = {{0, bytes.size()}};
  PayloadSource inner = source;
  inner.model = SharedBytes::Own({bytes.begin(), bytes.end()});
  inner.spans = &spans;
  onnx::TensorProto marked = tensor;
  marked.set_doc_string("0");
  return ReadTensor(marked, inner);
}

Status Malformed(const std::string& name, const std::string& what) {
  return Status(Reason::kModelMalformed, "sparse tensor \"" + name + "\" " + what);
}

}  // namespace

onnx::TensorProto DenseHeader(const onnx::SparseTensorProto& sparse) {
  onnx::TensorProto dense;
  dense.set_name(sparse.values().name());
  dense.set_data_type(sparse.values().data_type());
  *dense.mutable_dims() = sparse.dims();
  return dense;
}

Result<ir::Constant> ReadSparseTensor(const onnx::SparseTensorProto& sparse,
                                      const PayloadSource& source) {
  const std::string& name = sparse.values().name();
  SMELT_ASSIGN_OR_RETURN(TensorHeader header,
                         ReadTensorHeader(DenseHeader(sparse), source.max_tensor_bytes));
  SMELT_ASSIGN_OR_RETURN(const ir::Constant values, ReadInner(sparse.values(), source));
  SMELT_ASSIGN_OR_RETURN(const ir::Constant places, ReadInner(sparse.indices(), source));
  const auto width = static_cast<std::size_t>(ir::ElementBits(header.dtype)) / 8;
  const auto rank = static_cast<std::int64_t>(header.shape.size());
  const std::int64_t count = values.element_count();
  const bool is_linear = places.rank() == 1;
  if (width == 0) {
    return Status(Reason::kUnsupportedType, "sparse tensor \"" + name + "\" holds " +
                                                std::string(ir::DTypeName(header.dtype)));
  }
  if (values.rank() != 1 || places.dtype() != ir::DType::kI64 ||
      places.shape() != (is_linear ? std::vector{count} : std::vector{count, rank})) {
    return Malformed(name, "has " + std::to_string(count) + " values and other places");
  }
  const std::int64_t total = *ir::Shape::Of(header.shape).ElementCount();
  const SharedBytes from = values.Materialize();
  std::vector<std::byte> to(header.bytes);
  std::vector<std::int64_t> row(is_linear ? 1 : header.shape.size());
  for (std::int64_t i = 0; i < count; ++i) {
    const auto length = static_cast<std::int64_t>(row.size());
    places.Read(i * length, length, reinterpret_cast<std::byte*>(row.data()));
    std::int64_t at = is_linear ? row[0] : 0;
    bool inside = !is_linear || (at >= 0 && at < total);
    for (std::size_t axis = 0; !is_linear && axis < row.size(); ++axis) {
      inside = inside && row[axis] >= 0 && row[axis] < header.shape[axis];
      if (inside) at = at * header.shape[axis] + row[axis];
    }
    if (!inside) return Malformed(name, "has a value outside of its shape");
    std::memcpy(&to[static_cast<std::size_t>(at) * width],
                from.data() + static_cast<std::size_t>(i) * width, width);
  }
  return ir::Constant::FromBytes(header.dtype, std::move(header.shape),
                                 SharedBytes::Own(std::move(to)));
}

}  // namespace smelt::onnx_import
