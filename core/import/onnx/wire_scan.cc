#include "core/import/onnx/wire_scan.h"

#include "core/import/onnx/wire.h"

namespace smelt::onnx_import {
namespace {

// Field numbers of onnx.proto, by message.
namespace model_field {
constexpr std::uint32_t kIrVersion = 1, kGraph = 7, kOpsetImport = 8, kMetadataProps = 14,
                        kTrainingInfo = 20, kFunctions = 25, kConfiguration = 26, kDocString = 6;
}
namespace graph_field {
constexpr std::uint32_t kNode = 1, kInitializer = 5, kDocString = 10;
}
namespace node_field {
constexpr std::uint32_t kAttribute = 5, kDocString = 6;
}
namespace function_field {
constexpr std::uint32_t kNode = 7, kDocString = 8, kDefaults = 11;
}
namespace attribute_field {
constexpr std::uint32_t kTensor = 5, kGraph = 6, kTensors = 10, kGraphs = 11, kDocString = 13;
}
namespace tensor_field {
constexpr std::uint32_t kFloatData = 4, kInt64Data = 7, kRawData = 9, kUint64Data = 11,
                        kDocString = 12;
}

// Nested lengths are written as padded five-byte varints and filled in afterwards: one pass, no
// copy of a copy. Protobuf reads padded varints like others.
constexpr std::size_t kLengthBytes = 5;

bool IsPayload(std::uint32_t number) {
  return (number >= tensor_field::kFloatData && number <= tensor_field::kInt64Data) ||
         (number >= tensor_field::kRawData && number <= tensor_field::kUint64Data);
}

class Scanner {
 public:
  Scanner(ByteSpan bytes, std::uint32_t max_depth, std::uint32_t max_nodes)
      : bytes_(bytes), max_depth_(max_depth), max_nodes_(max_nodes) {}

  Result<ScannedModel> Run() {
    WireReader reader(bytes_);
    WireField field;
    while (reader.Next(field)) {
      if (field.number == model_field::kFunctions) {
        if (field.type != WireType::kBytes) return Malformed("a function is no message");
        SMELT_RETURN_IF_ERROR(Function(field));
      } else if (field.number == model_field::kGraph) {
        if (field.type != WireType::kBytes) return Malformed("the graph is no message");
        SMELT_RETURN_IF_ERROR(Graph(field, 0));
      } else if (field.number != model_field::kDocString &&
                 field.number != model_field::kTrainingInfo) {
        Copy(bytes_, field);
      }
    }
    if (reader.state() == WireReader::State::kTruncated) {
      return Status(Reason::kModelTruncated, "the file ends after " +
                                                 std::to_string(bytes_.size()) +
                                                 " bytes in the middle of a field");
    }
    if (reader.state() == WireReader::State::kMalformed)
      return Malformed("a field has no valid tag");
    return std::move(result_);
  }

 private:
  static Status Malformed(std::string what) {
    return Status(Reason::kModelMalformed, "the file is not a valid protobuf: " + std::move(what));
  }

  void Copy(ByteSpan message, const WireField& field) {
    result_.stripped.append(reinterpret_cast<const char*>(message.data()) + field.begin,
                            field.end - field.begin);
  }

  void PutVarint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) {
      result_.stripped.push_back(static_cast<char>((value & 0x7F) | 0x80));
    }
    result_.stripped.push_back(static_cast<char>(value));
  }

  // Writes the tag of a nested message; the place of its length is the result.
  std::size_t Open(std::uint32_t number) {
    PutVarint((std::uint64_t{number} << 3) | 2);
    result_.stripped.append(kLengthBytes, '\0');
    return result_.stripped.size();
  }

  void Close(std::size_t body) {
    std::uint64_t size = result_.stripped.size() - body;
    for (std::size_t i = 0; i < kLengthBytes; ++i, size >>= 7) {
      const std::uint64_t more = i + 1 < kLengthBytes ? 0x80 : 0;
      result_.stripped[body - kLengthBytes + i] = static_cast<char>((size & 0x7F) | more);
    }
  }

  // Calls `visit(field, message)` for each field of `parent`, which becomes one nested message.
  template <class Visit>
  Status Nested(const WireField& parent, const char* what, Visit visit) {
    const std::size_t body = Open(parent.number);
    WireReader reader(parent.bytes);
    WireField field;
    while (reader.Next(field)) SMELT_RETURN_IF_ERROR(visit(field));
    if (reader.state() != WireReader::State::kEnd) {
      return Malformed(std::string("broken fields in a ") + what);
    }
    Close(body);
    return Status::Ok();
  }

  Status Graph(const WireField& parent, std::uint32_t depth) {
    if (depth > max_depth_) {
      return Status(Reason::kNestingTooDeep,
                    "subgraphs are nested more than " + std::to_string(max_depth_) + " deep");
    }
    return Nested(parent, "graph", [&](const WireField& field) -> Status {
      if (field.number == graph_field::kNode && field.type == WireType::kBytes) {
        SMELT_RETURN_IF_ERROR(CountNode());
        return Node(field, depth);
      }
      if (field.number == graph_field::kInitializer && field.type == WireType::kBytes) {
        return Tensor(field);
      }
      if (field.number != graph_field::kDocString) Copy(parent.bytes, field);
      return Status::Ok();
    });
  }

  Status Function(const WireField& parent) {
    return Nested(parent, "function", [&](const WireField& field) -> Status {
      if (field.number == function_field::kNode && field.type == WireType::kBytes) {
        SMELT_RETURN_IF_ERROR(CountNode());
        return Node(field, 0);
      }
      if (field.number == function_field::kDefaults && field.type == WireType::kBytes) {
        return Attribute(field, 0);
      }
      if (field.number != function_field::kDocString) Copy(parent.bytes, field);
      return Status::Ok();
    });
  }

  Status CountNode() {
    if (++nodes_ <= max_nodes_) return Status::Ok();
    return Status(Reason::kTooManyNodes,
                  "the model has more than " + std::to_string(max_nodes_) + " nodes");
  }

  Status Node(const WireField& parent, std::uint32_t depth) {
    return Nested(parent, "node", [&](const WireField& field) -> Status {
      if (field.number == node_field::kAttribute && field.type == WireType::kBytes) {
        return Attribute(field, depth);
      }
      if (field.number != node_field::kDocString) Copy(parent.bytes, field);
      return Status::Ok();
    });
  }

  Status Attribute(const WireField& parent, std::uint32_t depth) {
    return Nested(parent, "attribute", [&](const WireField& field) -> Status {
      if (field.type == WireType::kBytes) {
        switch (field.number) {
          case attribute_field::kTensor:
          case attribute_field::kTensors:
            return Tensor(field);
          case attribute_field::kGraph:
          case attribute_field::kGraphs:
            return Graph(field, depth + 1);
          case attribute_field::kDocString:
            return Status::Ok();
          default:
            break;
        }
      }
      Copy(parent.bytes, field);
      return Status::Ok();
    });
  }

  Status Tensor(const WireField& parent) {
    const std::string index = std::to_string(result_.tensors.size());
    result_.tensors.push_back(
        {static_cast<std::size_t>(parent.bytes.data() - bytes_.data()), parent.bytes.size()});
    const std::size_t body = Open(parent.number);
    WireReader reader(parent.bytes);
    WireField field;
    while (reader.Next(field)) {
      if (!IsPayload(field.number) && field.number != tensor_field::kDocString) {
        Copy(parent.bytes, field);
      }
    }
    if (reader.state() != WireReader::State::kEnd) return Malformed("broken fields in a tensor");
    PutVarint((tensor_field::kDocString << 3) | 2);
    PutVarint(index.size());
    result_.stripped += index;
    Close(body);
    return Status::Ok();
  }

  ByteSpan bytes_;
  std::uint32_t max_depth_;
  std::uint32_t max_nodes_;
  std::uint32_t nodes_ = 0;
  ScannedModel result_;
};

// The wire type that a top-level field of a model has; nothing for unknown numbers.
std::optional<WireType> ModelFieldType(std::uint32_t number) {
  switch (number) {
    case model_field::kIrVersion:
    case 5:  // model_version
      return WireType::kVarint;
    case 2:  // producer_name, producer_version, domain
    case 3:
    case 4:
    case model_field::kDocString:
    case model_field::kGraph:
    case model_field::kOpsetImport:
    case model_field::kMetadataProps:
    case model_field::kTrainingInfo:
    case model_field::kFunctions:
    case model_field::kConfiguration:
      return WireType::kBytes;
    default:
      return std::nullopt;
  }
}

}  // namespace

bool LooksLikeModel(ByteSpan bytes) {
  WireReader reader(bytes);
  WireField field;
  int fields = 0;
  while (fields < 4 && reader.Next(field)) {
    const auto type = ModelFieldType(field.number);
    if (!type || *type != field.type) return false;
    // ONNX's own version numbers are small; other protobufs that start with a varint seldom are.
    if (field.number == model_field::kIrVersion && field.value > 1000) return false;
    ++fields;
  }
  if (reader.state() == WireReader::State::kMalformed) return false;
  // A file cut off in its first fields is a model only if it begins like one.
  return fields > 0;
}

Result<ScannedModel> ScanModel(ByteSpan bytes, std::uint32_t max_subgraph_depth,
                               std::uint32_t max_nodes) {
  if (!LooksLikeModel(bytes)) {
    return Status(Reason::kNotAModel, bytes.empty() ? "the file is empty"
                                                    : "the file does not begin like an ONNX model");
  }
  return Scanner(bytes, max_subgraph_depth, max_nodes).Run();
}

}  // namespace smelt::onnx_import
