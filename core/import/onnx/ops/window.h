// Sliding windows as ONNX's convolutions and poolings describe them, and what they are in TFLite:
// SAME, VALID, or explicit padding before VALID. Also the way from ONNX's channels-first tensors of
// one or two spatial axes to TFLite's channels-last images and back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {

struct WindowAxis {
  std::int64_t kernel = 1;
  std::int64_t stride = 1;
  std::int64_t dilation = 1;
  std::int64_t begin = 0;  // explicit padding
  std::int64_t end = 0;
  std::int64_t extent() const { return (kernel - 1) * dilation + 1; }
};

struct Window {
  std::vector<WindowAxis> axes;
  std::string auto_pad;  // NOTSET, SAME_UPPER, SAME_LOWER, VALID
  bool ceil_mode = false;
};

// How one axis is padded, and what comes out.
struct AxisPlan {
  ir::Dim output;
  bool is_same = false;  // TFLite's SAME does exactly this
  // Padding to add before VALID; nothing when it depends on a size that is not known. `end`
  // includes what a rounded-up last window needs; `counted_end` does not.
  std::optional<std::int64_t> begin, end;
  std::int64_t counted_end = 0;
  bool may_exceed = false;  // this padding may give one window more than `output`: to be cut off
  bool is_valid() const { return begin == 0 && end == 0; }
};

// The attributes of a window over `spatial` axes. Nothing when lists have another length than
// `spatial` or values lie outside of their range (WindowAttributes says so to the user).
std::optional<Window> ReadWindow(const OnnxNode& node, int spatial,
                                 std::optional<std::vector<std::int64_t>> kernel);

// In ceil_mode a window also begins where the padded axis is shorter than it, by less than a
// stride: the only one, which sees what there is. Makes such windows of an input (N, C, ...) as
// short as that, so that nothing needs to be added for them.
void ClipToInput(Window& window, const ir::Shape& input);

AxisPlan PlanAxis(ir::SymbolTable& symbols, ir::Dim input, const Window& window, int axis);

// Constraint for all windowed operators: strides, dilations, pads, kernel_shape have one entry
// (pads two) a spatial axis, positive (pads: not negative). kValueOutOfRange
Verdict WindowAttributes(const OnnxNode& node, Bounds bounds, Finding& finding);

// x of (N, C, L) or (N, C, H, W) as (N, H, W, C); a missing H is 1.
ir::ValueId ToChannelsLast(ir::Builder& out, ir::ValueId x);
// Back to `rank` axes: the inverse.
ir::ValueId FromChannelsLast(ir::Builder& out, ir::ValueId y, int rank);

// Adds `begin` and `end` around height and width; `value` fills (0 needs no operand). x itself when
// all are zero.
struct ImagePadding {
  std::int64_t top = 0, bottom = 0, left = 0, right = 0;
  bool empty() const { return top == 0 && bottom == 0 && left == 0 && right == 0; }
};
ir::ValueId PadImage(ir::Builder& out, ir::ValueId x, const ImagePadding& padding,
                     std::optional<double> value = std::nullopt);

// The plans of a node's spatial axes as an image's: height 1 without padding for one axis.
struct ImagePlan {
  AxisPlan height, width;
  WindowAxis h, w;
  // Both axes are TFLite's SAME (and not merely VALID).
  bool same() const { return height.is_same && width.is_same; }
  bool valid() const { return height.is_valid() && width.is_valid(); }
  bool known() const { return height.begin.has_value() && width.begin.has_value(); }
  ImagePadding padding() const;  // requires known()
};
ImagePlan PlanImage(ir::SymbolTable& symbols, const ir::Shape& input, const Window& window);

}  // namespace smelt::onnx_import
