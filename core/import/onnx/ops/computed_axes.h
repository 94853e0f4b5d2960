// Axes that are computed at run time: as numbers counted from the front, and as a table that says
// which stated entry speaks of which axis. Small integer tensors, whatever the size of the data.
#pragma once

#include <initializer_list>
#include <span>

#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {

// The sizes of `x` as i32[rank].
ir::ValueId SizesOf(ir::Builder& out, ir::ValueId x);

// Integers of any type and rank as i32[n], held within int32: the far ends of a type keep their
// meaning of "as far as it goes".
ir::ValueId AsIndexRow(ir::Builder& out, ir::ValueId values);

// i32[n], `axes` of a tensor of `rank` axes counted from the front.
ir::ValueId FrontAxes(ir::Builder& out, ir::ValueId axes, int rank);

// bool[rank, n]: entry (i, j) says that axes[j], counted from the front, is axis i.
ir::ValueId AxisTable(ir::Builder& out, ir::ValueId axes, int rank);

// bool[rank]: the axes that are named at all.
ir::ValueId NamedAxes(ir::Builder& out, ir::ValueId table);

// i32[rank]: `values`, i32[n], at the axes that they speak of, 0 at the others.
ir::ValueId SpreadOverAxes(ir::Builder& out, ir::ValueId table, ir::ValueId values);

// 0, 1, .. `count` - 1 as i32; `count` is i32, of one element.
ir::ValueId CountUpTo(ir::Builder& out, ir::ValueId count);

// Rows of data along axis 0 of one-dimensional tensors, put one after the other.
ir::ValueId JoinRows(ir::Builder& out, std::span<const ir::ValueId> rows);
ir::ValueId JoinRows(ir::Builder& out, std::initializer_list<ir::ValueId> rows);

// The elements of `x` along `axis` at `indices`, i32[n].
ir::ValueId TakeAlong(ir::Builder& out, ir::ValueId x, ir::ValueId indices, int axis);

}  // namespace smelt::onnx_import
