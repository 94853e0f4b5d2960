// OnnxNode: the typed view of one ONNX node that rules see. Inputs are already translated, their
// types inferred, constants folded. No rule touches protobuf.
//
// Lives for one step of the walk; not thread safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/ir/module.h"

namespace smelt::onnx_import {

// Small tensors of integers whose elements are known as (symbolic) dimensions: what SHAPE and the
// arithmetic on it compute, in row-major order. An element that only the run tells is unknown.
using DimValues = ir::Dims;

// What the walk knows of one ONNX value.
struct KnownValue {
  std::string name;
  ir::ValueId value;                   // in the graph under construction
  std::optional<ir::TensorType> type;  // nothing: hidden behind an earlier violation
  std::optional<DimValues> dims;       // symbolic contents
  bool maybe_constant = false;         // would be a constant but for an earlier violation
};

class NodeAttributes;  // node_attributes.h

class OnnxNode {
 public:
  OnnxNode(const NodeAttributes& attributes, const ir::SourceNode& source, int schema_version,
           std::vector<const KnownValue*> inputs, std::vector<std::string> output_names,
           ir::Module& module, ir::Graph& graph);

  const ir::SourceNode& source() const { return source_; }
  const std::string& op_type() const { return source_.op_type; }
  int schema_version() const { return schema_version_; }  // since-version of the schema in force

  // --- Inputs ---
  int input_count() const {
    return static_cast<int>(inputs_.size());
  }                                             // trailing absent ones dropped
  bool has_input(int i) const;                  // present and not ""
  bool knows_input(int i) const;                // present with a known type
  ir::ValueId input(int i) const;               // invalid when absent
  const KnownValue& known_input(int i) const {  // requires has_input(i)
    return *inputs_[static_cast<std::size_t>(i)];
  }
  // Input `i`, which must be there, is `value` from now on; it must outlive the node.
  void ReplaceInput(int i, const KnownValue& value) {
    inputs_[static_cast<std::size_t>(i)] = &value;
  }
  // Requires knows_input(i); of an unknown input a placeholder (f32 scalar), and the walk discards
  // what a check or an inference concluded from it (see asked_unknown).
  const ir::TensorType& input_type(int i) const;
  ir::DType input_dtype(int i) const { return input_type(i).dtype; }
  const ir::Shape& input_shape(int i) const { return input_type(i).shape; }
  int input_rank(int i) const { return input_shape(i).rank(); }
  const std::string& input_name(int i) const;
  std::string input_text(int i) const;              // "f32[1,3,8,8]", or "?"
  const ir::Constant* input_constant(int i) const;  // null when not constant
  // Integer contents of a constant of at most 65,536 elements.
  std::optional<std::vector<std::int64_t>> input_ints(int i) const;
  std::optional<std::vector<double>> input_doubles(int i) const;
  // Integer contents as dimensions: of a constant, or of shape arithmetic. Of rank 0 or 1, and only
  // where every element is known.
  std::optional<DimValues> input_dims(int i) const;
  // The same of any rank and with unknown elements among known ones.
  std::optional<DimValues> input_elements(int i) const;

  // --- Attributes. A stored attribute of another type than asked for reads as absent; the generic
  // check attribute_type_mismatch has reported it before. ---
  bool has_attr(std::string_view name) const;
  std::int64_t Int(std::string_view name, std::int64_t fallback) const;
  double Float(std::string_view name, double fallback) const;
  std::string String(std::string_view name, std::string_view fallback) const;
  std::optional<std::vector<std::int64_t>> Ints(std::string_view name) const;
  std::optional<std::vector<double>> Floats(std::string_view name) const;
  std::optional<std::vector<std::string>> Strings(std::string_view name) const;
  // A dense tensor attribute; its payload stays where it is in the file.
  const ir::Constant* Tensor(std::string_view name) const;
  std::vector<std::string> AttributeNames() const;

  // --- Results ---
  int output_count() const { return static_cast<int>(output_names_.size()); }
  bool has_output(int i) const;  // listed and not ""
  const std::string& output_name(int i) const { return output_names_[static_cast<std::size_t>(i)]; }
  void SetOutputType(int i, ir::TensorType type);  // by infer
  void SetOutputDims(int i, DimValues dims);       // by infer, when known
  const std::optional<ir::TensorType>& output_type(int i) const;
  const std::optional<DimValues>& output_dims(int i) const;
  // What the model declares of result i: its rank and static sizes, others unknown. Engines don't
  // enforce it, so it serves only where nothing else tells and the run can't contradict it.
  const std::optional<ir::Shape>& declared_shape(int i) const;
  void SetDeclaredShape(int i, ir::Shape shape);  // by the walk
  void SetOutput(int i, ir::ValueId value);       // by translate
  ir::ValueId output(int i) const;

  // True when a question since the last reset had no answer because an earlier violation hides it.
  bool asked_unknown() const { return asked_unknown_; }
  void reset_asked_unknown() { asked_unknown_ = false; }

  ir::SymbolTable& symbols() const { return module_.symbols(); }
  ir::Module& module() const { return module_; }
  ir::Graph& graph() const { return graph_; }

 private:
  struct Output {
    std::optional<ir::TensorType> type;
    std::optional<DimValues> dims;
    std::optional<ir::Shape> declared;
    ir::ValueId value;
  };
  const NodeAttributes& attributes_;
  const ir::SourceNode& source_;
  int schema_version_;
  std::vector<const KnownValue*> inputs_;
  std::vector<std::string> output_names_;
  std::vector<Output> outputs_;
  ir::Module& module_;
  ir::Graph& graph_;
  mutable bool asked_unknown_ = false;
};

}  // namespace smelt::onnx_import
