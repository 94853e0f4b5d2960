#include "core/import/tflite/describe_subgraph.h"

#include <string>
#include <variant>

#include "core/import/tflite/describe_tensor.h"
#include "core/import/tflite/options_reader.h"
#include "core/ir/op_table.h"
#include "core/ir/text.h"

namespace smelt::tflite_import {
namespace {

// The fewest bytes that an honest file spends on one.
constexpr std::uint64_t kTensorBytes = 16;
constexpr std::uint64_t kOperatorBytes = 16;

const ir::OpInfo* KnownOperator(const OperatorCodeDescription& code) {
  if (code.is_custom) return nullptr;
  for (const ir::OpInfo& info : ir::AllOps()) {
    if (ir::IsTfliteBuiltin(info.kind) && static_cast<int>(info.kind) == code.builtin) {
      return &info;
    }
  }
  return nullptr;
}

// Bytes of the file that an attribute was made of, beyond a field of its table.
std::uint64_t ListBytes(const ir::Attributes& attrs) {
  std::uint64_t bytes = 0;
  for (const auto& [name, value] : attrs) {
    if (const auto* text = std::get_if<std::string>(&value)) bytes += text->size();
    if (const auto* ints = std::get_if<std::vector<std::int64_t>>(&value)) {
      bytes += ints->size() * sizeof(std::int32_t);
    }
    if (const auto* reals = std::get_if<std::vector<double>>(&value)) {
      bytes += reals->size() * sizeof(float);
    }
  }
  return bytes;
}

class SubgraphDescriber {
 public:
  SubgraphDescriber(DescriptionState& state, std::uint32_t index,
                    std::vector<OperatorCodeDescription>& codes)
      : state_(state),
        table_(*state.model().subgraphs()->Get(index)),
        place_("subgraph " + std::to_string(index)),
        codes_(codes) {}

  SubgraphDescription Run() {
    out_.name = state_.budget().Text(table_.name());
    if (table_.tensors() != nullptr) {
      for (std::uint32_t i = 0; i < table_.tensors()->size(); ++i) {
        if (!state_.budget().Take(kTensorBytes)) break;
        out_.tensors.push_back(DescribeTensor(state_, *table_.tensors()->Get(i),
                                              place_ + " tensor " + std::to_string(i)));
      }
    }
    out_.inputs = Tensors(table_.inputs(), false, "an input");
    out_.outputs = Tensors(table_.outputs(), false, "an output");
    if (table_.operators() == nullptr) return std::move(out_);
    for (std::uint32_t i = 0; i < table_.operators()->size(); ++i) {
      if (!state_.budget().Take(kOperatorBytes)) break;
      AddOperator(*table_.operators()->Get(i), "operator " + std::to_string(i));
    }
    return std::move(out_);
  }

 private:
  // A list of tensors; a problem tells of the first one that is none.
  std::vector<std::int32_t> Tensors(const flatbuffers::Vector<std::int32_t>* list, bool optional,
                                    const std::string& what) {
    std::vector<std::int32_t> tensors = state_.budget().List(list);
    const std::size_t count = table_.tensors() == nullptr ? 0 : table_.tensors()->size();
    for (const std::int32_t tensor : tensors) {
      if (optional && tensor == -1) continue;
      if (tensor >= 0 && static_cast<std::size_t>(tensor) < count) continue;
      state_.AddProblem(place_ + ": " + what + " is tensor " + std::to_string(tensor) +
                        ", which is out of range");
      break;
    }
    return tensors;
  }

  void AddOperator(const schema::Operator& table, const std::string& name) {
    OperatorDescription op;
    op.code = table.opcode_index();
    op.inputs = Tensors(table.inputs(), true, "an input of " + name);
    op.outputs = Tensors(table.outputs(), false, "an output of " + name);
    op.intermediates = Tensors(table.intermediates(), true, "an intermediate of " + name);
    AddMutatedInputs(table, op);
    AddCustomOptions(table, op, name);
    if (op.code < codes_.size()) {
      ++codes_[op.code].count;
      AddOptions(table, op);
    } else {
      state_.AddProblem(place_ + ": " + name + " has operator code " + std::to_string(op.code) +
                        ", which is out of range");
    }
    out_.operators.push_back(std::move(op));
  }

  void AddMutatedInputs(const schema::Operator& table, OperatorDescription& op) {
    const auto* flags = table.mutating_variable_inputs();
    if (flags == nullptr || !state_.budget().Take(flags->size())) return;
    for (std::uint32_t i = 0; i < flags->size(); ++i) {
      if (flags->Get(i) != 0) op.mutated_inputs.push_back(i);
    }
  }

  void AddCustomOptions(const schema::Operator& table, OperatorDescription& op,
                        const std::string& name) {
    if (table.custom_options() != nullptr) op.custom_bytes = table.custom_options()->size();
    const std::uint64_t offset = table.large_custom_options_offset();
    const std::uint64_t size = table.large_custom_options_size();
    if (offset <= 1) return;  // not set
    const std::uint64_t file = state_.file_bytes();
    if (offset > file || size > file - offset) {
      return state_.AddProblem(place_ + ": the options of " + name + " lie outside the file");
    }
    op.custom_bytes = size;
  }

  // Of an operator that smelt writes: others' tables are not known well enough to be read.
  void AddOptions(const schema::Operator& table, OperatorDescription& op) {
    const ir::OpInfo* info = KnownOperator(codes_[op.code]);
    if (info == nullptr || state_.budget().exceeded()) return;
    if (table.builtin_options() == nullptr && table.builtin_options_2() == nullptr) return;
    const Result<OptionsRead> read = ReadOptions(info->kind, table, StoredTypes());
    if (!read.ok()) return;  // Read says what is wrong with them
    ir::Attributes attrs = read->attrs;
    // Made from the result's type, which the tensor says.
    if (info->kind == ir::OpKind::kBitcast) attrs.Remove("out_data_type");
    if (!state_.budget().Take(ListBytes(attrs))) return;
    op.options = ir::PrintAttributes(attrs);
    op.subgraphs = read->regions;
  }

  DescriptionState& state_;
  const schema::SubGraph& table_;
  const std::string place_;
  std::vector<OperatorCodeDescription>& codes_;
  SubgraphDescription out_;
};

}  // namespace

SubgraphDescription DescribeSubgraph(DescriptionState& state, std::uint32_t index,
                                     std::vector<OperatorCodeDescription>& codes) {
  return SubgraphDescriber(state, index, codes).Run();
}

}  // namespace smelt::tflite_import
