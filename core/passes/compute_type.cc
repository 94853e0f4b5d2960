#include "core/passes/compute_type.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "core/ir/builder.h"

namespace smelt::passes {
namespace {

using ir::DType;
using ir::OpId;
using ir::OpKind;
using ir::ValueId;

bool IsChanged(DType dtype) {
  return dtype == DType::kF64 || dtype == DType::kF16 || dtype == DType::kBF16;
}

// What looks at the bits, or what only its maker knows.
bool KeepsTypes(OpKind kind) { return kind == OpKind::kBitcast || kind == OpKind::kCustom; }

class Narrowing {
 public:
  Narrowing(ir::Module& module, ir::GraphId id, bool is_entry)
      : module_(module), id_(id), graph_(module.graph(id)), is_entry_(is_entry) {}

  Result<std::uint64_t> Run() {
    ChangeTypes();
    std::vector<OpId> order;
    for (const OpId id : graph_) order.push_back(id);
    for (const ValueId value : fixed_) SMELT_RETURN_IF_ERROR(ReadInFloat32(value));
    for (const OpId id : order) SMELT_RETURN_IF_ERROR(Adjust(id));
    if (is_entry_) SMELT_RETURN_IF_ERROR(RestoreOutputs());
    return changed_;
  }

 private:
  void ChangeTypes() {
    for (std::uint32_t v = 0; v < graph_.value_count(); ++v) {
      ir::Value& value = graph_.value(ValueId{v});
      own_.push_back(value.type.dtype);
      if (!IsChanged(value.type.dtype)) continue;
      const bool stays = (value.is_input && is_entry_) ||
                         (value.producer.valid() && KeepsTypes(graph_.op(value.producer).kind));
      if (stays) {
        fixed_.push_back(ValueId{v});
        continue;
      }
      if (value.is_constant()) {
        value.constant = std::make_shared<const ir::Constant>(value.constant->Cast(DType::kF32));
      }
      value.type.dtype = DType::kF32;
      ++changed_;
    }
  }

  DType OwnType(ValueId value) const {
    return value.index < own_.size() ? own_[value.index] : graph_.type(value).dtype;
  }

  // Readers of what keeps its type, but for those that keep theirs, too.
  Status ReadInFloat32(ValueId value) {
    std::vector<ir::Use> uses;
    for (const ir::Use use : graph_.UsesOf(value)) {
      const bool is_return = use.op == graph_.return_op();
      const bool keeps = is_return ? is_entry_ : KeepsTypes(graph_.op(use.op).kind);
      if (!keeps) uses.push_back(use);
    }
    if (uses.empty()) return Status::Ok();
    const OpId maker = graph_.value(value).producer;
    const OpId reader = uses.front().op;
    ir::Builder builder(module_, id_,
                        reader == graph_.return_op() ? ir::kNoOrigin : graph_.op(reader).origin,
                        maker.valid() ? graph_.op(maker).next : graph_.first());
    const ValueId wide = builder.Cast(value, DType::kF32);
    SMELT_RETURN_IF_ERROR(builder.status());
    for (const ir::Use use : uses) graph_.SetOperand(use, wide);
    ++changed_;
    return Status::Ok();
  }

  Status Adjust(OpId id) {
    if (graph_.op(id).kind == OpKind::kCast) {
      for (const char* attr : {"in_data_type", "out_data_type"}) {
        const auto dtype = ir::DTypeFromName(graph_.op(id).attrs.String(attr));
        if (!dtype || !IsChanged(*dtype)) continue;
        graph_.op(id).attrs.Set(attr, std::string(ir::DTypeName(DType::kF32)));
      }
    }
    if (!KeepsTypes(graph_.op(id).kind)) return Status::Ok();
    ir::Builder builder(module_, id_, graph_.op(id).origin, id);
    for (int i = 0; i < graph_.op(id).input_count(); ++i) {
      const ValueId operand = graph_.op(id).input(i);
      if (!operand.valid() || OwnType(operand) == graph_.type(operand).dtype) continue;
      const ValueId restored = builder.Cast(operand, OwnType(operand));
      SMELT_RETURN_IF_ERROR(builder.status());
      graph_.SetOperand({id, static_cast<std::uint32_t>(i)}, restored);
    }
    return Status::Ok();
  }

  Status RestoreOutputs() {
    std::vector<ValueId> outputs = graph_.outputs();
    for (ValueId& output : outputs) {
      if (OwnType(output) == graph_.type(output).dtype) continue;
      const OpId maker = graph_.value(output).producer;
      ir::Builder builder(module_, id_, maker.valid() ? graph_.op(maker).origin : ir::kNoOrigin);
      const ValueId restored = builder.Cast(output, OwnType(output));
      SMELT_RETURN_IF_ERROR(builder.status());
      graph_.value(restored).name = graph_.value(output).name;
      output = restored;
    }
    graph_.SetOutputs(outputs);
    return Status::Ok();
  }

  ir::Module& module_;
  ir::GraphId id_;
  ir::Graph& graph_;
  bool is_entry_;
  std::vector<DType> own_;  // by value, before
  std::vector<ValueId> fixed_;
  std::uint64_t changed_ = 0;
};

}  // namespace

Result<std::uint64_t> ComputeInFloat32(ir::Module& module) {
  std::uint64_t changed = 0;
  for (std::uint32_t i = 0; i < module.graph_count(); ++i) {
    const ir::GraphId id{i};
    const bool is_entry = std::ranges::any_of(
        module.signatures, [&](const ir::Signature& one) { return one.graph == id; });
    SMELT_ASSIGN_OR_RETURN(const std::uint64_t here, Narrowing(module, id, is_entry).Run());
    changed += here;
  }
  return changed;
}

}  // namespace smelt::passes
