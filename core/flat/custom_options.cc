#include "core/flat/custom_options.h"

#include <flatbuffers/flexbuffers.h>

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace smelt::flat {
namespace {

// Adds one attribute's value under its name.
struct Encoder {
  flexbuffers::Builder& builder;
  const char* name;
  bool single;  // floating-point numbers in 32 bits

  void operator()(bool value) const { builder.Bool(name, value); }
  void operator()(std::int64_t value) const { builder.Int(name, value); }
  void operator()(double value) const {
    if (single) return builder.Float(name, static_cast<float>(value));
    builder.Double(name, value);
  }
  void operator()(const std::string& value) const { builder.String(name, value); }
  template <class T>
  void operator()(const std::vector<T>& values) const {
    builder.TypedVector(name, [&] {
      for (const T value : values) builder.Add(value);
    });
  }
};

std::optional<ir::AttrValue> Decode(const flexbuffers::Reference& value) {
  if (value.IsBool()) return value.AsBool();
  if (value.IsInt()) return std::int64_t{value.AsInt64()};
  if (value.IsFloat()) return value.AsDouble();
  if (value.IsString()) return value.AsString().str();
  if (!value.IsTypedVector()) return std::nullopt;
  flexbuffers::TypedVector items = value.AsTypedVector();
  if (items.ElementType() == flexbuffers::FBT_FLOAT) {
    std::vector<double> numbers;
    for (std::size_t i = 0; i < items.size(); ++i) numbers.push_back(items[i].AsDouble());
    return numbers;
  }
  std::vector<std::int64_t> numbers;
  for (std::size_t i = 0; i < items.size(); ++i) numbers.push_back(items[i].AsInt64());
  return numbers;
}

std::vector<std::uint8_t> Encode(const ir::Attributes& attrs, std::string_view own_name,
                                 bool single) {
  flexbuffers::Builder builder;
  builder.Map([&] {
    for (const auto& [name, value] : attrs) {
      if (name != own_name) std::visit(Encoder{builder, name.c_str(), single}, value);
    }
  });
  builder.Finish();
  return builder.GetBuffer();
}

Result<ir::Attributes> DecodeMap(ByteSpan options, std::string_view own_name) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(options.data());
  std::vector<std::uint8_t> reused;
  if (!flexbuffers::VerifyBuffer(bytes, options.size(), &reused)) {
    return Status(Reason::kArtifactInvalid, "the options are not a well-formed FlexBuffer");
  }
  const flexbuffers::Reference root = flexbuffers::GetRoot(bytes, options.size());
  if (!root.IsMap()) return Status(Reason::kArtifactInvalid, "the options are no map");
  const flexbuffers::Map map = root.AsMap();
  const flexbuffers::TypedVector keys = map.Keys();
  ir::Attributes attrs;
  for (std::size_t i = 0; i < map.size(); ++i) {
    auto value = Decode(map.Values()[i]);
    const std::string name = keys[i].AsKey();
    if (!value || name == own_name) {
      return Status(Reason::kArtifactInvalid, "option " + name + " is of another kind");
    }
    attrs.Set(name, *std::move(value));
  }
  return attrs;
}

}  // namespace

std::vector<std::uint8_t> EncodeCustomOptions(const ir::Attributes& attrs) {
  return Encode(attrs, kCustomCodeAttr, /*single=*/false);
}

Result<ir::Attributes> DecodeCustomOptions(ByteSpan options) {
  return DecodeMap(options, kCustomCodeAttr);
}

std::vector<std::uint8_t> EncodeCompositeOptions(const ir::Attributes& attrs) {
  return Encode(attrs, kCompositeNameAttr, /*single=*/true);
}

Result<ir::Attributes> DecodeCompositeOptions(ByteSpan options) {
  return DecodeMap(options, kCompositeNameAttr);
}

}  // namespace smelt::flat
