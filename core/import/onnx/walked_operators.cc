#include "core/import/onnx/walked_operators.h"

namespace smelt::onnx_import {
namespace {

using Requirement = WalkedOperator::Requirement;

constexpr Requirement kIf[] = {
    {Reason::kShapeMismatch,
     "a known condition, or branches that give the same element types and ranks, or after which "
     "all "
     "results of the model have them"},
    {Reason::kUnsupportedType, "branches of a computed condition take and give tensors"},
};
constexpr Requirement kLoop[] = {
    {Reason::kShapeMismatch, "a round keeps element types and ranks of what it carries"},
    {Reason::kValueOutOfRange, "a number of rounds, or a condition that the body computes"},
    {Reason::kRequiresConstantInput,
     "at most 64 rounds, their number or each one's condition known, where sequences are carried"},
};
constexpr Requirement kScan[] = {
    {Reason::kShapeMismatch,
     "a round keeps element types and ranks of what it carries; inputs of one length"},
};
constexpr Requirement kBatchScan[] = {
    kScan[0],
    {Reason::kUnsupportedAttributeValue, "no sequence_lens: sequences of one length"},
};
constexpr Requirement kPosition[] = {
    {Reason::kRequiresConstantInput, "a constant position"},
    {Reason::kValueOutOfRange, "a position in the sequence"},
};
constexpr Requirement kConcat[] = {
    {Reason::kValueOutOfRange, "a sequence that is not empty"},
    {Reason::kShapeMismatch, "elements that agree in all dimensions but the axis"},
};
constexpr Requirement kSplit[] = {
    {Reason::kRequiresConstantInput, "constant sizes of the parts"},
    {Reason::kDynamicDimensionUnsupported, "a static axis, or a size for each part"},
    {Reason::kShapeMismatch, "parts that add up to the axis"},
};

constexpr WalkedKind kControl = WalkedKind::kControl;
constexpr WalkedKind kSequence = WalkedKind::kSequence;

constexpr WalkedOperator kOperators[] = {
    {"ConcatFromSequence", 11, 11, kSequence, kConcat},
    {"If", 1, 25, kControl, kIf},
    {"Loop", 1, 25, kControl, kLoop},
    {"Optional", 15, 28, kSequence, {}},
    {"Scan", 8, 8, kControl, kBatchScan},
    {"Scan", 9, 25, kControl, kScan},
    {"SequenceAt", 11, 11, kSequence, kPosition},
    {"SequenceConstruct", 11, 11, kSequence, {}},
    {"SequenceEmpty", 11, 11, kSequence, {}},
    {"SequenceErase", 11, 11, kSequence, kPosition},
    {"SequenceInsert", 11, 11, kSequence, kPosition},
    {"SequenceLength", 11, 11, kSequence, {}},
    {"SequenceMap", 17, 17, kSequence, {}},
    {"SplitToSequence", 11, 24, kSequence, kSplit},
};

}  // namespace

std::span<const WalkedOperator> WalkedOperators() { return kOperators; }

const WalkedOperator* FindWalkedOperator(std::string_view op, int schema_version) {
  for (const WalkedOperator& row : kOperators) {
    if (row.op == op && schema_version >= row.since && schema_version <= row.until) return &row;
  }
  return nullptr;
}

}  // namespace smelt::onnx_import
