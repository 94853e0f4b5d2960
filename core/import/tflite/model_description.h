// What a .tflite file says of itself, in the file's own terms: nothing is interpreted, so that
// files which smelt can't convert are described as well. Plain data, copied freely.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace smelt::tflite_import {

// Where the bytes of a tensor or of a metadata entry lie.
struct DataDescription {
  std::uint32_t buffer = 0;
  std::uint64_t bytes = 0;   // 0: no data
  std::uint64_t offset = 0;  // of the first byte, from the start of the file; 0 without data
  bool behind_flatbuffer = false;
};

struct QuantizationDescription {
  bool present = false;  // the table is there, be it empty: operator versions depend on it
  std::vector<float> scales;
  std::vector<std::int64_t> zero_points;
  std::int32_t axis = 0;
  std::vector<float> min;  // as seen by whoever made the file; informative
  std::vector<float> max;
  // "", "custom", "blockwise", "multi_axis", or "unknown (7)". The fields above say nothing then.
  std::string details;
  std::int32_t scales_tensor = -1;  // blockwise and multi_axis: tensors of this subgraph
  std::int32_t zero_points_tensor = -1;
  std::int32_t block_size = 0;
  std::vector<std::int32_t> axes;  // multi_axis
  std::uint64_t custom_bytes = 0;
};

struct SparsityDescription {
  struct Dimension {
    bool is_csr = false;  // compressed rows, else dense
    std::int32_t dense_size = 0;
    std::uint64_t segments = 0;  // entries of the index lists
    std::uint64_t indices = 0;
  };
  bool present = false;
  std::vector<std::int32_t> traversal_order;
  std::vector<std::int32_t> block_map;
  std::vector<Dimension> dimensions;
};

struct TensorDescription {
  std::string name;
  std::string type;  // "f32"; "type 77" for a number that the format does not name
  std::vector<std::int32_t> shape;
  std::vector<std::int32_t> shape_signature;  // empty: as the shape; -1: open
  bool has_rank = false;
  bool is_variable = false;
  std::uint32_t external_buffer = 0;  // id of data in another file; 0: none
  std::uint32_t variants = 0;         // element types of a VARIANT tensor
  DataDescription data;
  QuantizationDescription quantization;
  SparsityDescription sparsity;
};

struct OperatorDescription {
  std::uint32_t code = 0;            // index into ModelDescription::operators
  std::vector<std::int32_t> inputs;  // tensors of the subgraph; -1: left out
  std::vector<std::int32_t> outputs;
  std::vector<std::int32_t> intermediates;
  std::vector<std::uint32_t> mutated_inputs;  // positions among the inputs
  std::string options;  // "{padding="SAME", ...}" where smelt knows the operator; else ""
  std::vector<std::int32_t> subgraphs;  // that it calls, where smelt knows the operator
  std::uint64_t custom_bytes = 0;       // of its custom options
};

struct SubgraphDescription {
  std::string name;
  std::vector<TensorDescription> tensors;
  std::vector<std::int32_t> inputs;
  std::vector<std::int32_t> outputs;
  std::vector<OperatorDescription> operators;  // in their order of execution
};

struct SignatureDescription {
  struct Port {
    std::string name;
    std::uint32_t tensor = 0;
  };
  std::string key;
  std::uint32_t subgraph = 0;
  std::vector<Port> inputs;
  std::vector<Port> outputs;
};

struct MetadataDescription {
  std::string name;
  DataDescription data;
};

// One entry of the operator codes, which operators refer to.
struct OperatorCodeDescription {
  std::int32_t builtin = 0;
  std::string name;  // "CONV_2D"; a custom one's own; "BUILTIN 777" for an unknown number
  bool is_custom = false;
  std::int32_t version = 1;
  std::uint64_t count = 0;  // operators that use it
};

struct TypeDescription {
  std::string type;
  std::uint64_t tensors = 0;  // of all subgraphs
  std::uint64_t bytes = 0;    // of their data; what tensors share is counted with the first
};

struct ModelDescription {
  std::uint64_t file_bytes = 0;
  std::uint32_t schema_version = 0;
  std::string description;
  std::string min_runtime_version;  // as the file says, in its metadata; "": it does not
  std::uint32_t buffers = 0;
  std::uint64_t data_bytes = 0;    // of all buffers
  std::uint64_t unused_bytes = 0;  // of those that nothing refers to
  std::vector<OperatorCodeDescription> operators;
  std::vector<TypeDescription> types;  // that occur, by the format's numbers
  std::vector<SubgraphDescription> subgraphs;
  std::vector<SignatureDescription> signatures;
  std::vector<MetadataDescription> metadata;
  std::vector<std::string> external_files;  // of external_buffer_groups
  // What breaks the format's rules, or was left out of this description; at most 64 entries.
  std::vector<std::string> problems;
  std::uint64_t problem_count = 0;
};

}  // namespace smelt::tflite_import
