// SplitGraph: the operators of a module as whoever cuts it sees them: what each adds to a file, by
// the writer's own layout, and which tensors lie between them. Owned by one plan; not thread safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/cancel_token.h"
#include "core/base/result.h"
#include "core/ir/module.h"
#include "core/target/profile.h"

namespace smelt::tflite_export {

struct SplitGraph {
  // An operator of the entry point, with all that its regions hold. One that dequantizes a constant
  // is none: it belongs to those who read it, and each part has its own.
  struct Unit {
    ir::OpId op;
    std::uint64_t bytes = 0;              // of its own tables
    std::vector<std::uint32_t> operands;  // tensors, each once
    std::vector<std::uint32_t> results;
    std::vector<std::uint32_t> items;   // that it shares with other units, each once
    std::vector<ir::OpId> dequantized;  // operators that come before it where it is
  };
  // A value that is not a constant.
  struct Tensor {
    ir::ValueId value;
    std::int32_t producer = -1;          // unit; -1: an input of the model
    std::vector<std::uint32_t> users;    // units, in order
    std::vector<std::uint32_t> outputs;  // of the model, that it is
    std::uint64_t table_bytes = 0;
    std::uint64_t input_bytes = 0;   // besides, where a part takes it
    std::uint64_t output_bytes = 0;  // besides, where a part gives it
    std::uint64_t bytes = 0;         // of its data; a size known at run time only counts as 1
  };
  // A constant's tensor or its buffer, or the tables of a region: once in each part that needs it.
  struct Item {
    std::uint64_t table_bytes = 0;
    std::uint64_t payload_bytes = 0;  // with its count and its padding
    std::string name;                 // of a buffer: the first constant's that it holds
    std::uint64_t bytes = 0;          // likewise, of its data
  };

  std::vector<Unit> units;      // in program order
  std::vector<Tensor> tensors;  // inputs first, in the model's order, then results of the units
  std::vector<Item> items;
  Item fixed;                      // of every part; the end of the file included
  std::vector<std::string> names;  // by value of the entry point: the tensor's in the one file
  std::vector<ir::ValueId> loose;  // outputs that no operator computes, and inputs nobody uses
  std::vector<std::string> output_names;  // of the model's signature
  std::uint64_t unsplit_bytes = 0;
  std::uint64_t constant_bytes = 0;  // after sharing
};

// Requires one signature. `description` is that of WriteOptions. kInternalError when the module is
// not legalized.
Result<SplitGraph> MakeSplitGraph(const ir::Module& module, const target::Profile& profile,
                                  const std::string& description, const CancelToken& cancel);

// The bytes of a tensor's data, where a size known at run time only counts as 1.
std::uint64_t DataBytes(const ir::TensorType& type);

}  // namespace smelt::tflite_export
