// Short ways to infer the result types of one operator from operand types and constants.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "core/ir/op_table.h"

namespace smelt::ir::testing {

// An operand: a type, or a constant, or absent.
struct Operand {
  std::optional<TensorType> type;
  std::optional<Constant> constant;

  Operand() = default;
  Operand(TensorType t) : type(std::move(t)) {}  // NOLINT: implicit by design
};

inline TensorType F32(Shape shape) { return {DType::kF32, std::move(shape)}; }
inline TensorType OfType(DType dtype, Shape shape) { return {dtype, std::move(shape)}; }

inline Operand I32s(const std::vector<std::int32_t>& values,
                    std::optional<std::vector<std::int64_t>> shape = std::nullopt) {
  if (!shape) shape = {static_cast<std::int64_t>(values.size())};
  Operand operand(TensorType{DType::kI32, Shape::Of(*shape)});
  operand.constant = Constant::FromValues<std::int32_t>(DType::kI32, *shape,
                                                        std::span<const std::int32_t>(values));
  return operand;
}
inline Operand ScalarI32(std::int32_t value) { return I32s({value}, std::vector<std::int64_t>{}); }
// An i32 vector of a known length and unknown contents.
inline Operand ComputedI32s(std::int64_t length) { return TensorType{DType::kI32, Shape{length}}; }

inline Result<std::vector<TensorType>> TryInfer(SymbolTable& symbols, OpKind kind,
                                                const Attributes& attrs,
                                                const std::vector<Operand>& operands) {
  std::vector<OperandInfo> infos;
  for (const Operand& operand : operands) {
    infos.push_back(
        {operand.type ? &*operand.type : nullptr, operand.constant ? &*operand.constant : nullptr});
  }
  return InferTypes(symbols, kind, infos, attrs);
}

// The result types as text, "; " between them, or the name of the reason.
inline std::string Infer(SymbolTable& symbols, OpKind kind, const Attributes& attrs,
                         const std::vector<Operand>& operands) {
  const auto types = TryInfer(symbols, kind, attrs, operands);
  if (!types.ok()) return std::string(ReasonName(types.status().reason()));
  std::string text;
  for (const TensorType& type : *types) text += (text.empty() ? "" : "; ") + symbols.Text(type);
  return text;
}

}  // namespace smelt::ir::testing
