// The committed table of operator schemas, every version: ONNX's own (the default domain) and those
// of ONNX Runtime's domain. It is what the walk checks for every node whatever rule it has. The
// data is printed by make_schema_table.py from the onnx and onnxruntime Python packages; nothing of
// them is read at run time.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/import/onnx/node_attributes.h"

namespace smelt::onnx_import {

struct SchemaOperand {
  std::uint32_t types;  // bits of ir::DType; 0: not a plain tensor
  std::uint8_t option;  // 0 single, 1 optional, 2 variadic
  std::uint8_t group;   // operands of one group have one element type; 0: no group
};

struct SchemaAttribute {
  std::string_view name;
  AttrKind kind;
  bool required;
};

struct Schema {
  std::string_view domain;  // "" is the default domain
  std::string_view op;
  std::int16_t since;
  bool deprecated;
  std::int32_t min_inputs, max_inputs;  // INT32_MAX: any number
  std::int32_t min_outputs, max_outputs;
  std::uint16_t first_operand, operand_count;
  std::uint16_t first_attribute, attribute_count;

  std::span<const SchemaOperand> operands() const;
  std::span<const SchemaAttribute> attributes() const;  // ordered by name
  // The formal operand of actual input i; null when there are fewer.
  const SchemaOperand* operand(int i) const;
  const SchemaAttribute* attribute(std::string_view name) const;
};

// Ordered by domain, operator and since-version.
std::span<const Schema> AllSchemas();
// The schema in force at version `opset` of the domain; null when the operator does not exist
// there.
const Schema* FindSchema(std::string_view domain, std::string_view op, int opset);
// The newest version of any operator of the default domain.
int NewestOpset();

}  // namespace smelt::onnx_import
