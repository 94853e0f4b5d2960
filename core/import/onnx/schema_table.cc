#include "core/import/onnx/schema_table.h"

#include <algorithm>
#include <climits>
#include <tuple>

#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/schema_data.inc"

namespace smelt::onnx_import {

std::span<const SchemaOperand> Schema::operands() const {
  return std::span(kSchemaOperands).subspan(first_operand, operand_count);
}

std::span<const SchemaAttribute> Schema::attributes() const {
  return std::span(kSchemaAttributes).subspan(first_attribute, attribute_count);
}

const SchemaOperand* Schema::operand(int i) const {
  if (operand_count == 0) return nullptr;
  const int last = operand_count - 1;
  if (i < last) return &operands()[static_cast<std::size_t>(i)];
  const SchemaOperand& final_one = operands().back();
  return i == last || final_one.option == 2 ? &final_one : nullptr;
}

const SchemaAttribute* Schema::attribute(std::string_view name) const {
  for (const SchemaAttribute& row : attributes()) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

std::span<const Schema> AllSchemas() { return kSchemas; }

const Schema* FindSchema(std::string_view domain, std::string_view op, int opset) {
  using Key = std::tuple<std::string_view, std::string_view, int>;
  const Schema* const begin = std::begin(kSchemas);
  const Schema* const above = std::upper_bound(begin, std::end(kSchemas), Key(domain, op, opset),
                                               [](const Key& wanted, const Schema& row) {
                                                 return wanted < Key(row.domain, row.op, row.since);
                                               });
  if (above == begin || (above - 1)->op != op || (above - 1)->domain != domain) return nullptr;
  return above - 1;
}

int NewestOpset() { return kNewestOpset; }

int SchemaVersion(std::string_view domain, std::string_view op, int opset) {
  const Schema* schema = FindSchema(domain, op, opset);
  return schema == nullptr ? 0 : schema->since;
}

bool IsKnownOperator(std::string_view domain, std::string_view op) {
  return FindSchema(domain, op, INT_MAX) != nullptr;
}

}  // namespace smelt::onnx_import
