#include "core/import/onnx/ops/pad_plan.h"

#include "core/import/onnx/infer.h"

namespace smelt::onnx_import {
namespace {

constexpr std::int64_t kMaxPad = std::int64_t{1} << 30;

}  // namespace

std::string PadMode(const OnnxNode& node) {
  const std::string mode = node.String("mode", "constant");
  return mode.empty() ? "constant" : mode;
}

std::optional<std::vector<int>> PadAxes(const OnnxNode& node) {
  const int rank = node.input_rank(0);
  std::vector<int> axes;
  if (!node.has_input(3)) {
    for (int i = 0; i < rank; ++i) axes.push_back(i);
    return axes;
  }
  const auto stated = node.input_ints(3);
  if (!stated) return std::nullopt;
  std::vector<bool> seen(static_cast<std::size_t>(rank), false);
  for (const std::int64_t one : *stated) {
    const auto axis = ir::NormalizeAxis(one, rank);
    if (!axis || seen[static_cast<std::size_t>(*axis)]) return std::nullopt;
    seen[static_cast<std::size_t>(*axis)] = true;
    axes.push_back(*axis);
  }
  return axes;
}

std::optional<std::vector<std::int64_t>> StatedPads(const OnnxNode& node) {
  if (node.schema_version() == 1) return node.Ints("paddings");
  if (node.schema_version() < 11) return node.Ints("pads");
  const auto dims = node.input_dims(1);
  if (!dims) return std::nullopt;
  std::vector<std::int64_t> pads;
  for (const ir::Dim dim : *dims) {
    const auto value = IntFromDim(node.symbols(), dim);
    if (!value) return std::nullopt;
    pads.push_back(*value);
  }
  return pads;
}

std::optional<DimValues> KnownPads(const OnnxNode& node) {
  const auto axes = PadAxes(node);
  const auto elements = node.schema_version() < 11 ? std::nullopt : node.input_elements(1);
  if (!axes || !elements || elements->size() != 2 * axes->size()) return std::nullopt;
  const auto rank = static_cast<std::size_t>(node.input_rank(0));
  DimValues pads(2 * rank, ir::Dim(0));
  for (std::size_t i = 0; i < axes->size(); ++i) {
    const auto axis = static_cast<std::size_t>((*axes)[i]);
    pads[axis] = (*elements)[i];
    pads[axis + rank] = (*elements)[i + axes->size()];
  }
  return pads;
}

std::optional<std::vector<AxisPad>> ReadPads(const OnnxNode& node) {
  if (!node.knows_input(0)) return std::nullopt;
  const auto axes = PadAxes(node);
  const auto stated = StatedPads(node);
  if (!axes || !stated || stated->size() != 2 * axes->size()) return std::nullopt;
  std::vector<AxisPad> pads(static_cast<std::size_t>(node.input_rank(0)));
  for (std::size_t i = 0; i < axes->size(); ++i) {
    const std::int64_t begin = (*stated)[i], end = (*stated)[i + axes->size()];
    for (const std::int64_t one : {begin, end}) {
      if (one < -kMaxPad || one > kMaxPad) return std::nullopt;
    }
    pads[static_cast<std::size_t>((*axes)[i])] = {begin, end};
  }
  return pads;
}

}  // namespace smelt::onnx_import
