#include "core/calibrate/tensor_sink.h"

#include <cstdint>
#include <span>

#include "core/ir/element_cast.h"

namespace smelt::calibrate {
namespace {

// Real numbers as they are; not integers that stand for some.
bool HoldsRealNumbers(const interp::Tensor& tensor) {
  return ir::IsFloat(tensor.dtype()) && ir::IsNumeric(tensor.dtype()) && tensor.quant().empty();
}

std::span<const float> Floats(const interp::Tensor& tensor, std::vector<float>& buffer) {
  if (tensor.dtype() == ir::DType::kF32) return tensor.values<float>();
  const std::int64_t count = tensor.element_count();
  buffer.resize(static_cast<std::size_t>(count));
  ir::CastBlock(tensor.dtype(), tensor.bytes().data(), ir::DType::kF32,
                std::as_writable_bytes(std::span(buffer)).data(), count);
  return buffer;
}

}  // namespace

void TensorSink::Add(ir::GraphId graph, ir::ValueId value, const interp::Tensor& tensor) {
  if (!HoldsRealNumbers(tensor)) return;
  // Counted apart, so that threads wait for each other only while sums are added.
  scratch_.counts = {};
  scratch_.extremes.reset();
  scratch_.histogram.Clear();
  scratch_.Add(Floats(tensor, floats_), shared_.histograms());
  const std::size_t slot = shared_.statistics().slot(graph, value);
  {
    const std::lock_guard lock(shared_.LockOf(slot));
    shared_.statistics().At(slot).Merge(scratch_);
  }
  if (!scratch_.extremes) return;
  std::optional<Range>& extremes = extremes_[slot];
  if (!extremes) {
    seen_.push_back(slot);
    extremes = scratch_.extremes;
  }
  extremes->Include(*scratch_.extremes);
}

void TensorSink::EndSample(double average_weight) {
  for (const std::size_t slot : seen_) {
    shared_.statistics().At(slot).AddToAverage(*extremes_[slot], average_weight);
    extremes_[slot].reset();
  }
  seen_.clear();
}

}  // namespace smelt::calibrate
