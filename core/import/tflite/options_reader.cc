#include "core/import/tflite/options_reader.h"

#include <flatbuffers/flatbuffers.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string>

#include "core/flat/custom_options.h"
#include "core/flat/options_table.h"
#include "core/import/tflite/container.h"
#include "core/ir/op_table.h"

namespace smelt::tflite_import {
namespace {

using flat::OptionField;
using flat::Storage;

flatbuffers::voffset_t SlotOffset(int slot) {
  return static_cast<flatbuffers::voffset_t>(4 + 2 * slot);
}

bool IsRequired(ir::OpKind kind, std::string_view attr) {
  const auto specs = ir::GetOpInfo(kind).attrs;
  const auto spec = std::ranges::find(specs, attr, &ir::AttrSpec::name);
  return spec != specs.end() && spec->required;
}

// Of some operators only the result's type says it.
constexpr std::string_view kResultType = "out_data_type";

bool HasField(const flat::OptionsTable* options, std::string_view attr) {
  return options != nullptr &&
         std::ranges::find(options->fields, attr, &OptionField::attr) != options->fields.end();
}

// What an absent optional attribute reads as. Element type f32 is a word of its own, but for
// biases.
bool SaysNothing(const OptionField& field, const ir::AttrValue& value) {
  if (field.storage == Storage::kDType) {
    return field.attr == "quantized_bias_type" && std::get<std::string>(value) == "f32";
  }
  if (const auto* flag = std::get_if<bool>(&value)) return !*flag;
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number == 0;
  if (const auto* real = std::get_if<double>(&value)) return *real == 0;
  if (const auto* text = std::get_if<std::string>(&value)) {
    return *text == "NONE" || *text == "DEFAULT";
  }
  return false;
}

// The field's value; nothing for an absent vector or an unknown enumerator, which `bad` tells.
std::optional<ir::AttrValue> ReadField(const flatbuffers::Table& table, const OptionField& field,
                                       bool& bad) {
  const auto offset = SlotOffset(field.slot);
  const auto byte = [&] {
    return table.GetField<std::int8_t>(offset, static_cast<std::int8_t>(field.fallback));
  };
  switch (field.storage) {
    case Storage::kBool:
      return byte() != 0;
    case Storage::kEnum: {
      const auto name = flat::EnumName(field.names, byte());
      bad = !name;
      return name ? std::optional<ir::AttrValue>(std::string(*name)) : std::nullopt;
    }
    case Storage::kDType: {
      const int value = byte();
      bad = value < 0 || value >= ir::kDTypeCount;
      if (bad) return std::nullopt;
      return std::string(ir::DTypeName(static_cast<ir::DType>(value)));
    }
    case Storage::kI32:
    case Storage::kRegion:
      return std::int64_t{table.GetField<std::int32_t>(offset, field.fallback)};
    case Storage::kF32:
      return double{table.GetField<float>(offset, static_cast<float>(field.fallback))};
    case Storage::kString: {
      const auto* text = table.GetPointer<const flatbuffers::String*>(offset);
      bad = text == nullptr || text->size() == 0;
      if (bad) return std::nullopt;
      return text->str();
    }
    case Storage::kOwn:  // no attribute: ReadOwn
      return std::nullopt;
    case Storage::kI32Vector: {
      const auto* vector = table.GetPointer<const flatbuffers::Vector<std::int32_t>*>(offset);
      if (vector == nullptr) return std::nullopt;
      return std::vector<std::int64_t>(vector->begin(), vector->end());
    }
  }
  return std::nullopt;
}

// The field's value where the operator has no table; nothing for an absent vector, `bad` for what
// nobody can guess.
std::optional<ir::AttrValue> AbsentField(const OptionField& field, const StoredTypes& types,
                                         bool& bad) {
  switch (field.storage) {
    case Storage::kBool:
      return false;
    case Storage::kEnum:
      return std::string(field.names.front());
    case Storage::kDType: {
      const bool of_operand = field.attr.starts_with("in_");
      return std::string(ir::DTypeName(of_operand ? types.operand : types.result));
    }
    case Storage::kI32:
      return std::int64_t{0};
    case Storage::kF32:
      return 0.0;
    case Storage::kI32Vector:
      return std::nullopt;
    case Storage::kRegion:
    case Storage::kString:
    case Storage::kOwn:
      break;
  }
  bad = true;
  return std::nullopt;
}

// The attributes that are the operator's own, as a FlexBuffers map.
Result<ir::Attributes> ReadOwn(const flatbuffers::Table& table, const OptionField& field) {
  using Bytes = flatbuffers::Vector<std::uint8_t>;
  const auto* bytes = table.GetPointer<const Bytes*>(SlotOffset(field.slot));
  if (bytes == nullptr) return Invalid(std::string(field.attr) + " is absent");
  return flat::DecodeCompositeOptions(std::as_bytes(std::span(bytes->data(), bytes->size())));
}

}  // namespace

Result<OptionsRead> ReadOptions(ir::OpKind kind, const flat::schema::Operator& op,
                                const StoredTypes& types) {
  OptionsRead read;
  const flat::OptionsTable* options = flat::FindOptions(kind);
  if (IsRequired(kind, kResultType) && !HasField(options, kResultType)) {
    read.attrs.Set(kResultType, std::string(ir::DTypeName(types.result)));
  }
  if (options == nullptr || options->fields.empty()) return read;
  const bool second = options->union_index == 2;
  const auto tag = second ? static_cast<std::uint8_t>(op.builtin_options_2_type())
                          : static_cast<std::uint8_t>(op.builtin_options_type());
  const auto* table = static_cast<const flatbuffers::Table*>(second ? op.builtin_options_2()
                                                                    : op.builtin_options());
  const Status none =
      Invalid(std::string(ir::GetOpInfo(kind).name) + " carries no " + std::string(options->name));
  const bool is_absent = tag == 0 || table == nullptr;
  if (!is_absent && tag != options->tag) return none;
  for (const OptionField& field : options->fields) {
    if (field.storage == Storage::kOwn && !is_absent) {
      SMELT_ASSIGN_OR_RETURN(const ir::Attributes own, ReadOwn(*table, field));
      for (const auto& [name, value] : own) read.attrs.Set(name, value);
      continue;
    }
    bool bad = false;
    std::optional<ir::AttrValue> value =
        is_absent ? AbsentField(field, types, bad) : ReadField(*table, field, bad);
    if (bad && is_absent) return none;
    if (bad) {
      return Invalid(std::string(options->name) + "." + std::string(field.attr) +
                     " holds an unknown value");
    }
    if (!value) continue;
    if (field.storage == Storage::kRegion) {
      read.regions.push_back(static_cast<std::int32_t>(std::get<std::int64_t>(*value)));
    } else if (!SaysNothing(field, *value) || IsRequired(kind, field.attr)) {
      read.attrs.Set(field.attr, std::move(*value));
    }
  }
  return read;
}

}  // namespace smelt::tflite_import
