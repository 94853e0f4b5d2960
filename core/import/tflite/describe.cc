#include "core/import/tflite/describe.h"

#include <algorithm>
#include <string>

#include "core/flat/builtin_operators.h"
#include "core/import/tflite/container.h"
#include "core/import/tflite/describe_subgraph.h"
#include "core/import/tflite/description_state.h"

namespace smelt::tflite_import {
namespace {

constexpr std::string_view kVersionEntry = "min_runtime_version";
constexpr std::size_t kMostVersionBytes = 64;
constexpr std::uint32_t kSchemaVersion = 3;
// Where the stock runtime's verifier gives a file up.
constexpr std::uint64_t kMostParts = 1'000'000;

// Tensors and operators of all subgraphs.
std::uint64_t CountParts(const schema::Model& model) {
  std::uint64_t parts = 0;
  if (model.subgraphs() == nullptr) return parts;
  for (const schema::SubGraph* subgraph : *model.subgraphs()) {
    if (subgraph->tensors() != nullptr) parts += subgraph->tensors()->size();
    if (subgraph->operators() != nullptr) parts += subgraph->operators()->size();
    ++parts;
  }
  return parts;
}

class Describer {
 public:
  Describer(ByteSpan file, ModelDescription& out)
      : state_(file, out), model_(state_.model()), out_(out) {}

  void Run() {
    out_.schema_version = model_.version();
    if (out_.schema_version != kSchemaVersion) {
      state_.AddProblem("schema version " + std::to_string(out_.schema_version) + ", expected " +
                        std::to_string(kSchemaVersion));
    }
    out_.description = state_.budget().Text(model_.description());
    AddOperatorCodes();
    AddSubgraphs();
    AddSignatures();
    AddMetadata();
    AddExternalFiles();
    state_.Finish();
  }

 private:
  void AddOperatorCodes() {
    if (model_.operator_codes() == nullptr) return;
    for (const schema::OperatorCode* table : *model_.operator_codes()) {
      OperatorCodeDescription code;
      code.builtin =
          std::max<std::int32_t>(table->deprecated_builtin_code(), table->builtin_code());
      code.version = table->version();
      code.is_custom = code.builtin == flat::kCustomOperator;
      code.name = code.is_custom ? state_.budget().Text(table->custom_code())
                                 : std::string(flat::BuiltinOperatorName(code.builtin));
      if (code.name.empty()) {
        code.name = code.is_custom ? "CUSTOM" : "BUILTIN " + std::to_string(code.builtin);
        state_.AddProblem("operator code " + std::to_string(out_.operators.size()) +
                          (code.is_custom
                               ? " is custom and has no name"
                               : " is the unknown builtin " + std::to_string(code.builtin)));
      }
      out_.operators.push_back(std::move(code));
    }
  }

  void AddSubgraphs() {
    if (model_.subgraphs() == nullptr || model_.subgraphs()->size() == 0) {
      return state_.AddProblem("the model has no subgraph");
    }
    for (std::uint32_t i = 0; i < model_.subgraphs()->size(); ++i) {
      out_.subgraphs.push_back(DescribeSubgraph(state_, i, out_.operators));
    }
  }

  using TensorMaps = flatbuffers::Vector<flatbuffers::Offset<schema::TensorMap>>;

  std::vector<SignatureDescription::Port> Ports(const TensorMaps* maps, std::size_t tensors,
                                                const std::string& place) {
    std::vector<SignatureDescription::Port> ports;
    if (maps == nullptr) return ports;
    for (const schema::TensorMap* map : *maps) {
      if (!state_.budget().Take(sizeof(flatbuffers::uoffset_t))) break;
      ports.push_back({state_.budget().Text(map->name()), map->tensor_index()});
      if (map->tensor_index() < tensors) continue;
      state_.AddProblem(place + " names tensor " + std::to_string(map->tensor_index()) +
                        ", which is out of range");
    }
    return ports;
  }

  void AddSignatures() {
    if (model_.signature_defs() == nullptr) return;
    for (const schema::SignatureDef* table : *model_.signature_defs()) {
      SignatureDescription signature;
      const std::string place = "signature " + std::to_string(out_.signatures.size());
      signature.key = state_.budget().Text(table->signature_key());
      signature.subgraph = table->subgraph_index();
      std::size_t tensors = 0;
      if (signature.subgraph < out_.subgraphs.size()) {
        tensors = out_.subgraphs[signature.subgraph].tensors.size();
      } else {
        state_.AddProblem(place + " is of subgraph " + std::to_string(signature.subgraph) +
                          ", which is out of range");
      }
      signature.inputs = Ports(table->inputs(), tensors, place);
      signature.outputs = Ports(table->outputs(), tensors, place);
      out_.signatures.push_back(std::move(signature));
    }
  }

  void AddMetadata() {
    if (model_.metadata() == nullptr) return;
    for (const schema::Metadata* table : *model_.metadata()) {
      MetadataDescription entry;
      entry.name = state_.budget().Text(table->name());
      entry.data =
          state_.Use(table->buffer(), "metadata entry " + std::to_string(out_.metadata.size()));
      if (entry.name == kVersionEntry) ReadVersion(state_.Bytes(entry.data));
      out_.metadata.push_back(std::move(entry));
    }
  }

  // Text that ends at a zero, or with its bytes.
  void ReadVersion(ByteSpan bytes) {
    for (const std::byte byte : bytes.first(std::min(bytes.size(), kMostVersionBytes))) {
      if (byte == std::byte{0}) break;
      out_.min_runtime_version += static_cast<char>(byte);
    }
  }

  void AddExternalFiles() {
    if (model_.external_buffer_groups() == nullptr) return;
    for (const schema::ExternalBufferGroup* group : *model_.external_buffer_groups()) {
      if (!state_.budget().Take(sizeof(flatbuffers::uoffset_t))) break;
      out_.external_files.push_back(state_.budget().Text(group->name()));
    }
  }

  DescriptionState state_;
  const schema::Model& model_;
  ModelDescription& out_;
};

}  // namespace

bool LooksLikeTflite(ByteSpan file) {
  return file.size() >= 8 &&
         schema::ModelBufferHasIdentifier(reinterpret_cast<const std::uint8_t*>(file.data()));
}

Result<ModelDescription> Describe(const SharedBytes& file) {
  if (!LooksLikeTflite(file.span())) {
    return Status(Reason::kNotAModel, "the bytes do not carry the identifier TFL3");
  }
  const SharedBytes aligned = AlignedForReading(file);
  if (!StructureIsSound(aligned.span())) {
    return Status(Reason::kModelMalformed, "the bytes are not a well-formed TFL3 FlatBuffer");
  }
  const std::uint64_t parts = CountParts(*schema::GetModel(aligned.data()));
  if (parts > kMostParts) {
    return Status(Reason::kTooManyNodes, "the file has " + std::to_string(parts) +
                                             " subgraphs, tensors and operators; at most " +
                                             std::to_string(kMostParts) + " are described");
  }
  ModelDescription description;
  Describer(aligned.span(), description).Run();
  return description;
}

}  // namespace smelt::tflite_import
