// Files such as other converters write them, field by field: with what smelt itself never writes.
#pragma once

#include <flatbuffers/flatbuffers.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/bytes.h"
#include "core/flat/tflite_generated.h"

namespace smelt::tflite_import {

struct ForeignTensor {
  std::string name = {};
  std::vector<std::int32_t> shape = {};
  flat::schema::TensorType type = flat::schema::TensorType::FLOAT32;
  std::uint32_t buffer = 0;
  std::vector<float> scales = {};
  std::vector<std::int64_t> zero_points = {};
  std::int32_t axis = 0;
  std::vector<float> min = {};
  std::vector<float> max = {};
  std::vector<std::int32_t> signature = {};
  bool is_variable = false;
  std::int32_t block_size = 0;  // not 0: blockwise details
  bool is_sparse = false;       // one CSR dimension
  std::uint32_t external_buffer = 0;
};

struct ForeignOperator {
  using Builder = flatbuffers::FlatBufferBuilder;
  using Options = std::pair<flat::schema::BuiltinOptions, flatbuffers::Offset<void>>;

  std::uint32_t code = 0;
  std::vector<std::int32_t> inputs = {};
  std::vector<std::int32_t> outputs = {};
  std::function<Options(Builder&)> options = {};  // empty: no table
  std::vector<std::int32_t> intermediates = {};
  std::vector<std::uint8_t> custom_options = {};
};

struct ForeignSubgraph {
  std::string name = {};
  std::vector<ForeignTensor> tensors = {};
  std::vector<std::int32_t> inputs = {};
  std::vector<std::int32_t> outputs = {};
  std::vector<ForeignOperator> operators = {};
};

struct ForeignFile {
  struct Code {
    std::int32_t builtin = 0;
    std::int32_t version = 1;
    std::string custom = {};
  };
  using Ports = std::vector<std::pair<std::string, std::uint32_t>>;  // name, tensor
  struct Signature {
    std::string key = {};
    std::uint32_t subgraph = 0;
    Ports inputs = {};
    Ports outputs = {};
  };
  struct Buffer {
    bool has_vector = false;  // data of no bytes is another thing than no data
    std::vector<std::uint8_t> data = {};
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };

  std::uint32_t version = 3;
  std::string description = {};
  std::vector<Code> codes = {};
  std::vector<Buffer> buffers = {};
  std::vector<ForeignSubgraph> subgraphs = {};
  std::vector<Signature> signatures = {};
  std::vector<std::pair<std::string, std::uint32_t>> metadata = {};  // name, buffer

  SharedBytes Build() const;
};

// A buffer with these bytes.
ForeignFile::Buffer DataOf(std::vector<std::uint8_t> bytes);

}  // namespace smelt::tflite_import
