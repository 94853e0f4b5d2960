#include "core/import/onnx/load.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/unknown_field_set.h>
#include <onnx/onnx_pb.h>

#include <climits>
#include <new>
#include <optional>

#include "core/base/utf8.h"
#include "core/import/onnx/utf8.h"
#include "core/import/onnx/wire.h"

namespace smelt::onnx_import {
namespace {

// Subgraphs cost three levels each; types of types a few more. The scanner's limit is the tighter
// one.
constexpr int kRecursionLimit = 1000;

constexpr std::int64_t kFirstWithImports = 3;  // IR version

constexpr int kMetadataProps = 9;  // NodeProto.metadata_props, of IR version 10

Status Parse(const std::string& stripped, onnx::ModelProto& model) {
  if (stripped.size() > static_cast<std::size_t>(INT_MAX)) {
    return Status(Reason::kModelTooLarge,
                  "the model has more than 2 GiB besides its tensors' payloads");
  }
  try {
    google::protobuf::io::CodedInputStream stream(
        reinterpret_cast<const std::uint8_t*>(stripped.data()), static_cast<int>(stripped.size()));
    stream.SetRecursionLimit(kRecursionLimit);
    if (model.ParseFromCodedStream(&stream) && stream.ConsumedEntireMessage()) return Status::Ok();
    return Status(Reason::kModelMalformed,
                  "a field of the model has not the type that ONNX gives it");
  } catch (const std::bad_alloc&) {
    return Status(Reason::kOutOfMemory, "memory ran out while the model was parsed");
  } catch (const std::exception& error) {
    return Status(Reason::kModelMalformed, std::string("the parser gave up: ") + error.what());
  }
}

// The strings of a Python list of strings as repr prints it; nothing when the text is not one.
std::optional<std::vector<std::string>> ParseStringList(std::string_view text) {
  std::vector<std::string> items;
  std::size_t at = 0;
  const auto skip_spaces = [&] {
    while (at < text.size() && text[at] == ' ') ++at;
  };
  if (at >= text.size() || text[at++] != '[') return std::nullopt;
  for (skip_spaces(); at < text.size() && text[at] != ']'; skip_spaces()) {
    if (!items.empty()) {
      if (text[at] != ',') return std::nullopt;
      ++at;
      skip_spaces();
    }
    if (at >= text.size()) return std::nullopt;
    const char quote = text[at];
    if (quote != '\'' && quote != '"') return std::nullopt;
    std::string item;
    for (++at; at < text.size() && text[at] != quote; ++at) {
      if (text[at] == '\\' && at + 1 < text.size()) ++at;
      item += text[at];
    }
    if (at >= text.size()) return std::nullopt;
    ++at;
    items.push_back(std::move(item));
  }
  return at < text.size() ? std::optional(std::move(items)) : std::nullopt;
}

}  // namespace

LoadedModel::LoadedModel() : proto(std::make_unique<onnx::ModelProto>()) {}
LoadedModel::~LoadedModel() = default;
LoadedModel::LoadedModel(LoadedModel&&) noexcept = default;

Result<LoadedModel> LoadModel(ByteSpan bytes, const ImportLimits& limits) {
  SMELT_ASSIGN_OR_RETURN(ScannedModel scanned,
                         ScanModel(bytes, limits.max_subgraph_depth, limits.max_nodes));
  LoadedModel model;
  SMELT_RETURN_IF_ERROR(Parse(scanned.stripped, *model.proto));
  const onnx::ModelProto& proto = *model.proto;
  // Opset imports follow the graph: without them the file was cut between two fields. Only the
  // first two versions of the format had none.
  const bool has_imports = proto.ir_version() < 1 || proto.ir_version() >= kFirstWithImports;
  if (has_imports && proto.opset_import_size() == 0) {
    return Status(Reason::kModelTruncated,
                  "the file ends after " + std::to_string(bytes.size()) +
                      " bytes, before the model says which operator sets it uses");
  }
  if (const std::string place = FindBadName(proto); !place.empty()) {
    return Status(Reason::kModelMalformed, "a name of " + place + " is not valid UTF-8");
  }
  model.tensors = std::move(scanned.tensors);
  return model;
}

std::string NodeMetadata(const onnx::NodeProto& node, std::string_view key) {
  const auto& unknown = node.unknown_fields();
  for (int i = 0; i < unknown.field_count(); ++i) {
    const auto& entry = unknown.field(i);
    if (entry.number() != kMetadataProps ||
        entry.type() != google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED) {
      continue;
    }
    const std::string& body = entry.length_delimited();
    WireReader reader(std::as_bytes(std::span(body.data(), body.size())));
    std::string_view name, value;
    for (WireField field; reader.Next(field);) {
      if (field.type != WireType::kBytes) continue;
      const std::string_view text(reinterpret_cast<const char*>(field.bytes.data()),
                                  field.bytes.size());
      if (field.number == 1) name = text;
      if (field.number == 2) value = text;
    }
    if (name == key) return std::string(value);
  }
  return "";
}

std::string ModulePath(const onnx::NodeProto& node) {
  const std::string text = NodeMetadata(node, "pkg.torch.onnx.name_scopes");
  if (text.empty()) return "";
  const auto scopes = ParseStringList(text);
  // The last scope is the operation itself.
  if (!scopes || scopes->size() < 2) return "";
  return ToUtf8((*scopes)[scopes->size() - 2]);
}

}  // namespace smelt::onnx_import
