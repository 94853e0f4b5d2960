// Poolings beyond what an image kernel does: three spatial axes, and the places of maxima.
#pragma once

#include "core/import/onnx/ops/window.h"

namespace smelt::onnx_import {

// Everything below needs static spatial sizes.
struct VolumePlan {
  Window window;
  std::vector<AxisPlan> axes;       // one for each spatial axis
  std::vector<std::int64_t> sizes;  // of the input, spatial
};

// The least value of a type that is pooled: what padding a maximum must not change anything with.
double LowestOf(ir::DType dtype);

// How many elements of window `position` along an axis of `input` are counted: those within the
// input, or within the input and its stated padding.
std::int64_t Counted(const WindowAxis& window, const AxisPlan& plan, std::int64_t input,
                     std::int64_t position, bool counts_padding);

// x with its padding, `value` in it, around the spatial axes of (N, C, spatial...).
ir::ValueId PadVolume(ir::Builder& out, ir::ValueId x, const VolumePlan& plan, double value);

// Joins (by `kind`, MAXIMUM or ADD) the elements of every window of padded x, one axis after the
// other: as many slices as the kernel has rows, columns and planes.
ir::ValueId JoinWindows(ir::Builder& out, ir::ValueId x, const VolumePlan& plan, ir::OpKind kind);

// The largest element of every window of `x` and its place in the flattened tensor, the first of
// equals. `column_major`: the place counts the first spatial axis fastest.
struct MaxAndPlace {
  ir::ValueId maximum;  // (N, C, windows...)
  ir::ValueId place;    // i64
};
MaxAndPlace FindMaxima(ir::Builder& out, ir::ValueId x, const VolumePlan& plan, double lowest,
                       bool column_major);

}  // namespace smelt::onnx_import
