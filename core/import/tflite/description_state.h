// What the parts of a description share while it is made: the file, what is left of the budget,
// where the buffers' bytes lie, and the list of problems. Private to Describe; not thread safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/import/tflite/container.h"
#include "core/import/tflite/copy_budget.h"
#include "core/import/tflite/model_description.h"

namespace smelt::tflite_import {

class DescriptionState {
 public:
  // `file` holds a well-formed FlatBuffer and outlives this.
  DescriptionState(ByteSpan file, ModelDescription& out);

  const schema::Model& model() const { return model_; }
  CopyBudget& budget() { return budget_; }
  std::uint64_t file_bytes() const { return file_.size(); }

  void AddProblem(std::string what);

  // Where the buffer's bytes lie, which is thereby used; no data and a problem for an index out of
  // range.
  DataDescription Use(std::uint32_t buffer, const std::string& place);
  // The bytes themselves; empty for one without data.
  ByteSpan Bytes(const DataDescription& data) const;

  // Counts the tensor with its type, and its data unless a tensor before it has the same buffer.
  void CountTensor(int type_number, const TensorDescription& tensor);

  // Fills the totals of the description; the last step.
  void Finish();

 private:
  void PlaceBuffers();

  ByteSpan file_;
  const schema::Model& model_;
  ModelDescription& out_;
  CopyBudget budget_;
  std::vector<DataDescription> buffers_;
  std::vector<bool> used_;     // by anything
  std::vector<bool> counted_;  // with a tensor
  std::map<int, TypeDescription> types_;
};

}  // namespace smelt::tflite_import
