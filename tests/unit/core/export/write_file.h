// Writes modules given in text form into memory, and looks at the bytes through the schema.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/export/tflite/writer.h"
#include "core/flat/tflite_generated.h"
#include "core/ir/text.h"

namespace smelt::tflite_export {

inline ir::Module MustParse(std::string_view text) {
  auto module = ir::Parse(text);
  EXPECT_TRUE(module.ok()) << module.status().ToString();
  return module.ok() ? std::move(module).value() : ir::Module();
}

struct Written {
  std::vector<std::byte> bytes;
  WriteSummary summary;
  const flat::schema::Model& model() const { return *flat::schema::GetModel(bytes.data()); }
  const flat::schema::SubGraph& main() const { return *model().subgraphs()->Get(0); }
  const flat::schema::Tensor& tensor(int i) const {
    return *main().tensors()->Get(static_cast<unsigned>(i));
  }
  const flat::schema::Buffer& buffer_of(int i) const {
    return *model().buffers()->Get(tensor(i).buffer());
  }
  // The metadata payload as text, without the padding zeros.
  std::string Metadata(std::string_view name) const {
    for (const auto* entry : *model().metadata()) {
      if (entry->name()->string_view() != name) continue;
      const auto* data = model().buffers()->Get(entry->buffer())->data();
      const std::string text(reinterpret_cast<const char*>(data->data()), data->size());
      return text.substr(0, text.find('\0'));
    }
    return "(absent)";
  }
  // Where a payload of the file begins.
  std::size_t PositionOf(const flat::schema::Buffer& buffer) const {
    return static_cast<std::size_t>(reinterpret_cast<const std::byte*>(buffer.data()->data()) -
                                    bytes.data());
  }
};

inline Result<Written> TryWrite(ir::Module& module, std::uint64_t max_inline = kMaxInlineBytes) {
  Written written;
  WriteOptions options;
  options.max_inline_bytes = max_inline;
  options.append = [&](ByteSpan bytes) {
    written.bytes.insert(written.bytes.end(), bytes.begin(), bytes.end());
    return Status::Ok();
  };
  const CancelToken cancel;
  SMELT_ASSIGN_OR_RETURN(written.summary,
                         Write(module, *target::AllProfiles().front(), options, cancel));
  return written;
}

inline Written MustWrite(ir::Module& module, std::uint64_t max_inline = kMaxInlineBytes) {
  auto written = TryWrite(module, max_inline);
  EXPECT_TRUE(written.ok()) << written.status().ToString();
  return written.ok() ? std::move(written).value() : Written();
}

}  // namespace smelt::tflite_export
