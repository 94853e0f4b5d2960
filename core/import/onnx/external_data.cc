#include "core/import/onnx/external_data.h"

namespace smelt::onnx_import {

Result<std::string> NormalizeLocation(std::string_view location) {
  const auto escapes = [&](const char* why) {
    return Status(Reason::kExternalPathEscapes,
                  "external data location \"" + std::string(location) + "\" " + why);
  };
  if (location.empty()) return escapes("is empty");
  if (location.find('\0') != std::string_view::npos) return escapes("contains a zero byte");
  const auto is_separator = [](char c) { return c == '/' || c == '\\'; };
  if (is_separator(location[0])) return escapes("is absolute");
  if (location.size() > 1 && location[1] == ':') return escapes("is absolute");
  std::string normal;
  for (std::size_t begin = 0; begin <= location.size();) {
    std::size_t end = begin;
    while (end < location.size() && !is_separator(location[end])) ++end;
    const std::string_view part = location.substr(begin, end - begin);
    if (part == "..") return escapes("climbs out of the model's folder");
    if (!part.empty() && part != ".") {
      if (!normal.empty()) normal += '/';
      normal += part;
    }
    begin = end + 1;
  }
  if (normal.empty()) return escapes("names no file");
  return normal;
}

Result<SharedBytes> FindExternalData(const std::map<std::string, SharedBytes>* files,
                                     const ExternalReference& reference, std::uint64_t needed) {
  SMELT_ASSIGN_OR_RETURN(const std::string path, NormalizeLocation(reference.location));
  const SharedBytes* file = nullptr;
  if (files != nullptr) {
    auto found = files->find(path);
    if (found == files->end()) found = files->find(reference.location);
    if (found != files->end()) file = &found->second;
  }
  if (file == nullptr) {
    return Status(Reason::kExternalDataMissing,
                  "external data file \"" + path + "\" is not part of the upload");
  }
  const std::uint64_t size = file->size();
  const std::uint64_t length = reference.length.value_or(needed);
  if (reference.offset > size || length > size - reference.offset) {
    return Status(Reason::kExternalDataRange, "bytes " + std::to_string(reference.offset) + " + " +
                                                  std::to_string(length) + " lie outside of \"" +
                                                  path + "\", which has " + std::to_string(size));
  }
  return file->Slice(static_cast<std::size_t>(reference.offset), static_cast<std::size_t>(length));
}

}  // namespace smelt::onnx_import
