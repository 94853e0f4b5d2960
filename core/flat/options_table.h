// The option tables of the operators that smelt writes: for every OpKind the union, its tag, and
// which attribute is stored in which slot and how. The writer and the reader share it, so they
// can't drift. Constant data; safe to read from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/ir/op_kind.h"

namespace smelt::flat {

// How a field is stored, and which attribute type it has in the IR.
enum class Storage : std::uint8_t {
  kBool,       // 1 byte; bool
  kEnum,       // 1 byte; the enumerator's name as a string
  kDType,      // 1 byte TensorType; our dtype name ("f32") as a string
  kI32,        // int
  kF32,        // float
  kI32Vector,  // reference to a vector of int32; ints
  kRegion,     // i32 subgraph index; not an attribute: the n-th kRegion field is the n-th region
  kString,     // reference to a string; string
  kOwn,        // reference to bytes: a FlexBuffers map of the attributes without another field
};

struct OptionField {
  std::string_view attr;  // TFLite's field name, which is the attribute's
  int slot;
  Storage storage;
  std::span<const std::string_view> names;  // kEnum: by value
  int fallback;                             // what readers assume when the slot is absent
};

struct OptionsTable {
  ir::OpKind kind;
  int union_index;  // 1: builtin_options, 2: builtin_options_2
  std::uint8_t tag;
  std::string_view name;
  std::span<const OptionField> fields;  // without the slots that are deprecated or never set
};

// Null: the operator has no options.
const OptionsTable* FindOptions(ir::OpKind kind);

// The value of an enumerator, and back; nothing when unknown.
std::optional<int> EnumValue(std::span<const std::string_view> names, std::string_view name);
std::optional<std::string_view> EnumName(std::span<const std::string_view> names, int value);

}  // namespace smelt::flat
