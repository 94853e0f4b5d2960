#include "core/import/tflite/reader.h"

#include <string>
#include <vector>

#include "core/import/tflite/container.h"
#include "core/import/tflite/graph_reader.h"
#include "core/import/tflite/region_check.h"
#include "core/import/tflite/signature_reader.h"

namespace smelt::tflite_import {
namespace {

constexpr std::string_view kVersionEntry = "min_runtime_version";
constexpr std::string_view kLocationEntry = "buffer_location";

Status ReadMetadata(const Container& file, ir::Module& module) {
  if (file.model().metadata() == nullptr) return Status::Ok();
  for (const schema::Metadata* entry : *file.model().metadata()) {
    if (entry->name() == nullptr || entry->buffer() >= file.model().buffers()->size()) {
      return Invalid("a metadata entry without name or buffer");
    }
    const std::string name = entry->name()->str();
    if (name == kVersionEntry || name == kLocationEntry) continue;  // of the file, not of the model
    const SharedBytes bytes = file.Payload(entry->buffer());
    module.metadata[name].assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  return Status::Ok();
}

}  // namespace

Result<ir::Module> Read(const SharedBytes& bytes, ReadNotes* notes) {
  SMELT_ASSIGN_OR_RETURN(const Container file, Container::Open(bytes));
  ir::Module module;
  ReadNotes found;
  for (const schema::SubGraph* subgraph : *file.model().subgraphs()) {
    module.AddGraph(subgraph->name() == nullptr ? "" : subgraph->name()->str());
  }
  for (std::uint32_t i = 0; i < module.graph_count(); ++i) {
    SMELT_RETURN_IF_ERROR(ReadGraph(file, module, i, found));
  }
  SMELT_RETURN_IF_ERROR(CheckRegions(module));
  SMELT_RETURN_IF_ERROR(ReadSignatures(file, module));
  SMELT_RETURN_IF_ERROR(ReadMetadata(file, module));
  if (notes != nullptr) *notes = found;
  return module;
}

}  // namespace smelt::tflite_import
