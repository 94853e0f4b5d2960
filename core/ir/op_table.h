// The operator table: for every OpKind its name, operands, results, attributes and shape inference.
// The verifier, the text form, the writer's and the reader's checks all read it.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/ir/graph.h"
#include "core/ir/op_kind.h"
#include "core/ir/symbols.h"

namespace smelt::ir {

enum class AttrType { kBool, kInt, kFloat, kString, kInts, kFloats };

struct AttrSpec {
  std::string_view name;
  AttrType type;
  bool required = false;  // an absent optional attribute reads as 0, false or empty
};

// What shape inference sees of one operand.
struct OperandInfo {
  const TensorType* type = nullptr;    // null: absent optional operand
  const Constant* constant = nullptr;  // null: not a constant
};

struct InferContext {
  SymbolTable& symbols;
  std::span<const OperandInfo> operands;
  const Attributes& attrs;
};

// Result types by TFLite's rules. A dimension that depends on a value known only at run time is
// Dim::Unknown(). kShapeMismatch, kUnsupportedRank or kTypeMismatch when the operands don't fit.
using InferFunction = Result<std::vector<TensorType>> (*)(const InferContext&);

struct OpInfo {
  OpKind kind;
  std::string_view name;  // "CONV_2D", "core.ERF", "composite", "return"
  int min_operands;
  int max_operands;  // -1: any number
  int results;       // -1: any number (told by attributes or operands)
  std::span<const AttrSpec> attrs;
  InferFunction infer;  // null: result types are given by the maker (composite, IF, WHILE)
};

std::span<const OpInfo> AllOps();  // ordered by kind
const OpInfo& GetOpInfo(OpKind kind);
std::optional<OpKind> OpKindFromName(std::string_view name);

// Runs the operator's inference. Requires that it has one.
Result<std::vector<TensorType>> InferTypes(const Graph& graph, SymbolTable& symbols, OpKind kind,
                                           std::span<const ValueId> operands,
                                           const Attributes& attrs);
// The same for operands that are in no graph.
Result<std::vector<TensorType>> InferTypes(SymbolTable& symbols, OpKind kind,
                                           std::span<const OperandInfo> operands,
                                           const Attributes& attrs);

}  // namespace smelt::ir
