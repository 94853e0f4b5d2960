// Describes an ONNX model without translating it: also one that smelt can't convert. Plain data and
// a pure function; safe from any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/import/onnx/importer.h"

namespace smelt::onnx_import {

struct ModelDescription {
  struct Value {
    std::string name;
    std::string type;  // "f32[N,3,?]"; "sequence", "map", "optional" and such; "": not declared
  };
  struct OperatorCount {
    std::string domain;  // "ai.onnx" for the default one
    std::string name;
    std::uint64_t count = 0;
  };
  struct Function {
    std::string domain;
    std::string name;
    std::uint64_t nodes = 0;
  };
  // Tensors of one element type, those of initializers and of attributes alike.
  struct Type {
    std::string type;  // "f32"; "type 77" for a number that ONNX does not name
    std::uint64_t tensors = 0;
    std::uint64_t bytes = 0;  // by their shapes; also of external ones. Of strings 0
  };
  struct ExternalFile {
    std::string location;  // as the model writes it
    std::uint64_t tensors = 0;
    std::uint64_t bytes = 0;
  };

  std::uint64_t file_bytes = 0;
  std::int64_t ir_version = 0;
  std::string producer;                               // with its version
  std::string graph;                                  // its name
  std::map<std::string, std::int64_t> opset_imports;  // "ai.onnx" for the default domain
  std::map<std::string, std::string> metadata;
  std::vector<Value> inputs;  // without those that are initializers
  std::vector<Value> outputs;
  std::vector<OperatorCount> operators;  // of the graph and the graphs inside it, by name
  std::vector<Function> functions;       // the model's own, in its order
  std::vector<Type> types;               // that occur, by ONNX's numbers
  std::vector<ExternalFile> external_files;
  // Tensors that can't be what they say; at most 64 entries.
  std::vector<std::string> problems;
  std::uint64_t problem_count = 0;
};

// True when the first fields are those of an ONNX model.
bool LooksLikeOnnx(ByteSpan file);

// The errors of LoadModel: kNotAModel, kModelTruncated, kModelMalformed, kNestingTooDeep,
// kTooManyNodes, kModelTooLarge, kOutOfMemory.
Result<ModelDescription> Describe(ByteSpan file, const ImportLimits& limits);

}  // namespace smelt::onnx_import
