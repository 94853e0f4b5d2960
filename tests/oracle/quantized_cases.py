"""Random one-operator files for the integer kernels: scales, zero points, shapes, activations and
data are drawn; result scales are such that most results lie inside of their type's range."""

from __future__ import annotations

from typing import Any, Callable, Sequence

import numpy as np

from ai_edge_litert import schema_py_generated as schema

from oracle.one_operator import OneOperator, Quant
from oracle.quantized_draws import (
    INT8, INT16, Draw, activation, data, deviation, limits, quant, scale, small, spread, zero,
)
from oracle.quantized_moves import concatenation, moved, pad, transpose


def bias(rng: np.random.Generator, channels: int, dtype: Any, short: bool = False) -> np.ndarray:
    values = rng.normal(0, 2000 if dtype == INT8 else 400000, channels)
    return np.round(values).astype(np.int32 if dtype == INT8 or short else np.int64)


def bias_type(rng: np.random.Generator, dtype: Any) -> tuple[bool, dict[str, int]]:
    """Of 16-bit activations the bias is int64, or int32 where the options say so."""
    if dtype == INT8:
        return False, {}
    short = bool(rng.integers(0, 3) == 0)
    types = schema.TensorType
    return short, {"quantizedBiasType": types.INT32 if short else types.INT64}


def window(rng: np.random.Generator, size: int, filter_size: int, stride: int, dilation: int,
           same: bool) -> int:
    extent = (filter_size - 1) * dilation + 1
    return -(-size // stride) if same else max(0, (size - extent) // stride + 1)


def convolution(depthwise: bool, grouped: bool = False) -> Draw:
    def draw(rng: np.random.Generator, dtype: Any) -> OneOperator:
        made = OneOperator()
        kh, kw = small(rng, 2, 3)
        sh, sw = (int(n) for n in rng.integers(1, 3, 2))
        dh, dw = (1, 1) if sh > 1 or sw > 1 else (int(n) for n in rng.integers(1, 3, 2))
        n, channels = int(rng.integers(1, 3)), int(rng.integers(1, 7))
        groups = int(rng.integers(2, 4)) if grouped else 1
        channels *= groups
        height = int(rng.integers((kh - 1) * dh + 1, 9))
        width = int(rng.integers((kw - 1) * dw + 1, 9))
        same = bool(rng.integers(0, 2))
        multiplier = int(rng.integers(1, 4))
        outputs = channels * multiplier if depthwise else int(rng.integers(1, 6)) * groups
        shape = [1, kh, kw, outputs] if depthwise else [outputs, kh, kw, channels // groups]
        axis = 3 if depthwise else 0
        x = quant(rng, dtype)
        per_channel = bool(rng.integers(0, 4))
        scales = [scale(rng, -9, -3) for _ in range(outputs if per_channel else 1)]
        taps = kh * kw if depthwise else kh * kw * channels // groups
        middle = float(np.median(scales))
        real = spread(rng, x.scale[0] * middle * deviation(dtype) * 73 * np.sqrt(taps), dtype)
        y = quant(rng, dtype, real)
        weights = np.clip(data(rng, shape, INT8), -127, 127).astype(INT8)
        short, bias_field = (False, {}) if depthwise else bias_type(rng, dtype)
        offsets = bias(rng, outputs, dtype, short)
        result = [n, window(rng, height, kh, sh, dh, same), window(rng, width, kw, sw, dw, same),
                  outputs]
        operands = [
            made.input(data(rng, [n, height, width, channels], dtype), x),
            made.constant(weights, Quant(scales, [0] * len(scales), axis)),
            made.constant(offsets, Quant([x.scale[0] * one for one in scales],
                                         [0] * len(scales), 0))]
        made.output(result, dtype, y)
        fields = dict(padding=0 if same else 1, strideH=sh, strideW=sw, dilationHFactor=dh,
                      dilationWFactor=dw, fusedActivationFunction=activation(rng))
        if depthwise:
            made.operator("DEPTHWISE_CONV_2D", operands, "DepthwiseConv2DOptions", 3,
                          depthMultiplier=multiplier, **fields)
        else:
            made.operator("CONV_2D", operands, "Conv2DOptions", 3, **fields, **bias_field)
        return made

    return draw


def transpose_conv(rng: np.random.Generator, dtype: Any) -> OneOperator:
    made = OneOperator()
    kh, kw = small(rng, 2, 4)
    sh, sw = small(rng, 2, 3)
    n, channels, outputs = int(rng.integers(1, 3)), int(rng.integers(1, 6)), int(rng.integers(1, 5))
    height, width = small(rng, 2, 5)
    same = bool(rng.integers(0, 2))
    result = [n, height * sh if same else (height - 1) * sh + kh,
              width * sw if same else (width - 1) * sw + kw, outputs]
    x = quant(rng, dtype)
    scales = [scale(rng, -9, -3) for _ in range(outputs if rng.integers(0, 4) else 1)]
    real = spread(rng, x.scale[0] * float(np.median(scales)) * deviation(dtype) * 73
                  * np.sqrt(channels * 2), dtype)
    weights = np.clip(data(rng, [outputs, kh, kw, channels], INT8), -127, 127).astype(INT8)
    operands = [made.constant(np.array(result, np.int32)),
                made.constant(weights, Quant(scales, [0] * len(scales), 0)),
                made.input(data(rng, [n, height, width, channels], dtype), x)]
    short, bias_field = bias_type(rng, dtype)
    if rng.integers(0, 2):
        operands.append(made.constant(bias(rng, outputs, dtype, short),
                                      Quant([x.scale[0] * one for one in scales],
                                            [0] * len(scales), 0)))
    made.output(result, dtype, quant(rng, dtype, real))
    made.operator("TRANSPOSE_CONV", operands, "TransposeConvOptions", 4,
                  padding=0 if same else 1, strideH=sh, strideW=sw,
                  fusedActivationFunction=activation(rng), **bias_field)
    return made


def fully_connected(per_channel: bool) -> Draw:
    def draw(rng: np.random.Generator, dtype: Any) -> OneOperator:
        made = OneOperator()
        rows, depth, outputs = small(rng, 3, 9)
        depth = int(rng.choice([depth, 33, 100]))
        outputs += 1 if per_channel else 0
        x = quant(rng, dtype)
        scales = [scale(rng, -9, -3) for _ in range(outputs if per_channel else 1)]
        real = spread(rng, x.scale[0] * float(np.median(scales)) * deviation(dtype) * 73
                      * np.sqrt(depth), dtype)
        y = quant(rng, dtype, real)
        weights = np.clip(data(rng, [outputs, depth], INT8), -127, 127).astype(INT8)
        operands = [made.input(data(rng, [rows, depth], dtype), x),
                    made.constant(weights, Quant(scales, [0] * len(scales), 0))]
        short, bias_field = bias_type(rng, dtype)
        if rng.integers(0, 3):
            operands.append(made.constant(bias(rng, outputs, dtype, short),
                                          Quant([x.scale[0] * one for one in scales],
                                                [0] * len(scales), 0)))
        else:
            operands.append(-1)
        made.output([rows, outputs], dtype, y)
        made.operator("FULLY_CONNECTED", operands, "FullyConnectedOptions",
                      4 if dtype == INT8 else 11, fusedActivationFunction=activation(rng),
                      **bias_field)
        return made

    return draw


def batch_matmul(rng: np.random.Generator, dtype: Any) -> OneOperator:
    made = OneOperator()
    m, n = small(rng, 2, 6)
    k = int(rng.integers(1, 40))
    batch = small(rng, int(rng.integers(0, 3)), 3)
    other = [1 if rng.integers(0, 3) == 0 else one for one in batch]
    adj_x, adj_y = bool(rng.integers(0, 2)), bool(rng.integers(0, 2))
    x, y = quant(rng, dtype), quant(rng, dtype)
    real = spread(rng, x.scale[0] * y.scale[0] * deviation(dtype) ** 2 * np.sqrt(k), dtype)
    operands = [made.input(data(rng, batch + ([k, m] if adj_x else [m, k]), dtype), x),
                made.input(data(rng, other + ([n, k] if adj_y else [k, n]), dtype), y)]
    made.output(batch + [m, n], dtype, quant(rng, dtype, real))
    made.operator("BATCH_MATMUL", operands, "BatchMatMulOptions", 2, adjX=adj_x, adjY=adj_y)
    return made


def broadcast_pair(rng: np.random.Generator) -> tuple[list[int], list[int], list[int]]:
    shape = small(rng, int(rng.integers(1, 5)))
    if rng.integers(0, 2):
        return shape, shape, shape
    a = [1 if rng.integers(0, 3) == 0 else one for one in shape]
    b = [one if left == 1 or rng.integers(0, 2) else 1 for left, one in zip(a, shape)]
    b = b[int(rng.integers(0, len(b))):] if rng.integers(0, 3) == 0 else b
    padded = [1] * (len(a) - len(b)) + b
    return a, b, [max(p, q) for p, q in zip(a, padded)]


def binary(name: str, options: str, version: int, product: bool = False) -> Draw:
    def draw(rng: np.random.Generator, dtype: Any) -> OneOperator:
        made = OneOperator()
        a_shape, b_shape, shape = broadcast_pair(rng)
        a = quant(rng, dtype)
        b = quant(rng, dtype, a.scale[0] * 2.0 ** rng.uniform(-6, 6))
        largest = max(a.scale[0], b.scale[0]) * deviation(dtype)
        if product:
            largest = a.scale[0] * b.scale[0] * deviation(dtype) ** 2
        if name == "SQUARED_DIFFERENCE":
            largest = largest * largest * 2
        real = spread(rng, largest, dtype)
        operands = [made.input(data(rng, a_shape, dtype), a),
                    made.input(data(rng, b_shape, dtype), b)]
        made.output(shape, dtype, quant(rng, dtype, real))
        fields = {}
        if name in ("ADD", "SUB", "MUL"):
            fields["fusedActivationFunction"] = activation(rng)
        if name in ("ADD", "SUB"):
            fields["potScaleInt16"] = False
        made.operator(name, operands, options, version, **fields)
        return made

    return draw


def prelu(rng: np.random.Generator, dtype: Any) -> OneOperator:
    made = OneOperator()
    shape = small(rng, 4)
    x, alpha = quant(rng, dtype), quant(rng, dtype, 2.0 ** rng.uniform(-10, -5))
    slope = [1 if rng.integers(0, 2) else one for one in shape[1:]]
    operands = [made.input(data(rng, shape, dtype), x), made.constant(data(rng, slope, dtype),
                                                                      alpha)]
    made.output(shape, dtype, quant(rng, dtype, spread(rng, x.scale[0] * deviation(dtype), dtype)))
    made.operator("PRELU", operands)
    return made


def divide(rng: np.random.Generator, dtype: Any) -> OneOperator:
    made = OneOperator()
    a_shape, b_shape, shape = broadcast_pair(rng)
    a, b = quant(rng, dtype), quant(rng, dtype)
    divisors = data(rng, b_shape, dtype)
    divisors[divisors == b.zero[0]] = b.zero[0] + (1 if b.zero[0] < 100 else -1)
    real = spread(rng, a.scale[0] / b.scale[0] * 4, dtype)
    dividends = data(rng, a_shape, dtype)
    # Quotients near 0 are undefined: the kernel shifts by more than the 31 bits that there are.
    near = np.abs(dividends.astype(int) - a.zero[0]) < 16
    dividends[near] = a.zero[0] + (16 if a.zero[0] < 64 else -16)
    operands = [made.input(dividends, a), made.input(divisors, b)]
    made.output(shape, dtype, quant(rng, dtype, real))
    made.operator("DIV", operands, "DivOptions", fusedActivationFunction=activation(rng))
    return made


def extremum(name: str) -> Draw:
    def draw(rng: np.random.Generator, dtype: Any) -> OneOperator:
        made = OneOperator()
        a_shape, b_shape, shape = broadcast_pair(rng)
        same = quant(rng, dtype)
        operands = [made.input(data(rng, a_shape, dtype), same),
                    made.input(data(rng, b_shape, dtype), same)]
        made.output(shape, dtype, same)
        made.operator(name, operands, "MaximumMinimumOptions", 2)
        return made

    return draw


def pool(name: str) -> Draw:
    def draw(rng: np.random.Generator, dtype: Any) -> OneOperator:
        made = OneOperator()
        kh, kw = small(rng, 2, 4)
        sh, sw = small(rng, 2, 3)
        n, channels = small(rng, 2, 4)
        height, width = int(rng.integers(kh, 9)), int(rng.integers(kw, 9))
        same = bool(rng.integers(0, 2))
        x = quant(rng, dtype)
        operands = [made.input(data(rng, [n, height, width, channels], dtype), x)]
        made.output([n, window(rng, height, kh, sh, 1, same), window(rng, width, kw, sw, 1, same),
                     channels], dtype, x)
        made.operator(name, operands, "Pool2DOptions", 2, padding=0 if same else 1, strideH=sh,
                      strideW=sw, filterHeight=kh, filterWidth=kw,
                      fusedActivationFunction=activation(rng))
        return made

    return draw


def reduction(name: str) -> Draw:
    def draw(rng: np.random.Generator, dtype: Any) -> OneOperator:
        made = OneOperator()
        rank = int(rng.integers(1, 5))
        shape = small(rng, rank, 6)
        axes = sorted(int(a) for a in rng.choice(rank, int(rng.integers(1, rank + 1)), False))
        keep = bool(rng.integers(0, 2))
        result = [1 if i in axes else n for i, n in enumerate(shape) if keep or i not in axes]
        count = int(np.prod([shape[i] for i in axes]))
        x = quant(rng, dtype)
        y = x
        if name in ("MEAN", "SUM"):
            total = x.scale[0] * deviation(dtype) * np.sqrt(count)
            y = quant(rng, dtype, spread(rng, total / count if name == "MEAN" else total, dtype))
        operands = [made.input(data(rng, shape, dtype), x), made.constant(np.array(axes, np.int32))]
        made.output(result, dtype, y)
        made.operator(name, operands, "ReducerOptions", 2, keepDims=keep)
        return made

    return draw


def softmax(rng: np.random.Generator, dtype: Any) -> OneOperator:
    made = OneOperator()
    shape = small(rng, int(rng.integers(1, 5)))
    shape[-1] = int(rng.choice([shape[-1], 10, 100]))
    x = quant(rng, dtype, 2.0 ** rng.uniform(-9, 0) * (1 if dtype == INT8 else 1 / 256))
    y = Quant([1 / 256], [-128]) if dtype == INT8 else Quant([1 / 32768], [0])
    operands = [made.input(data(rng, shape, dtype), x)]
    made.output(shape, dtype, y)
    made.operator("SOFTMAX", operands, "SoftmaxOptions", 2,
                  beta=float(np.float32(rng.choice([1.0, 1.0, 0.5, 1.7]))))
    return made


def fixed(name: str, int8: Quant) -> Draw:
    def draw(rng: np.random.Generator, dtype: Any) -> OneOperator:
        made = OneOperator()
        shape = small(rng, int(rng.integers(1, 5)), 7)
        x = quant(rng, dtype, 2.0 ** rng.uniform(-8, -2) * (1 if dtype == INT8 else 1 / 256))
        if dtype == INT16 and rng.integers(0, 3) == 0:
            x = Quant([2.0 ** -int(rng.integers(10, 14))], [0])
        operands = [made.input(data(rng, shape, dtype), x)]
        made.output(shape, dtype, int8 if dtype == INT8 else Quant([1 / 32768], [0]))
        made.operator(name, operands, version=2)
        return made

    return draw


def unary(name: str, options: str = "", version: int = 1, **fields: Any) -> Draw:
    def draw(rng: np.random.Generator, dtype: Any) -> OneOperator:
        made = OneOperator()
        shape = small(rng, int(rng.integers(1, 5)), 7)
        x = quant(rng, dtype, 2.0 ** rng.uniform(-9, -1) * (1 if dtype == INT8 else 1 / 256))
        y = quant(rng, dtype, x.scale[0] * 2.0 ** rng.uniform(-1, 2))
        if name == "ABS" and rng.integers(0, 3) == 0:
            y = Quant(x.scale, y.zero)
        operands = [made.input(data(rng, shape, dtype), x)]
        made.output(shape, dtype, y)
        drawn = {key: value(rng) if callable(value) else value for key, value in fields.items()}
        made.operator(name, operands, options, version, **drawn)
        return made

    return draw


def exponential(rng: np.random.Generator, dtype: Any) -> OneOperator:
    made = OneOperator()
    x = quant(rng, dtype, 2.0 ** rng.uniform(-9, -4))
    operands = [made.input(data(rng, small(rng, 3, 7), dtype), x)]
    made.output(made.feeds[0].shape, dtype, quant(rng, dtype, 2.0 ** rng.uniform(-7, -2)))
    made.operator("EXP", operands, "ExpOptions", 2)
    return made


def hard_swish(rng: np.random.Generator, dtype: Any) -> OneOperator:
    made = OneOperator()
    x = quant(rng, dtype, 2.0 ** rng.uniform(-9, -3))
    y = quant(rng, dtype, x.scale[0] * 2.0 ** rng.uniform(-2, 1))
    operands = [made.input(data(rng, small(rng, 3, 7), dtype), x)]
    made.output(made.feeds[0].shape, dtype, y)
    made.operator("HARD_SWISH", operands, "HardSwishOptions")
    return made


def resize(name: str, options: str) -> Draw:
    def draw(rng: np.random.Generator, dtype: Any) -> OneOperator:
        made = OneOperator()
        n, height, width, channels = small(rng, 4, 6)
        size = small(rng, 2, 11)
        x = quant(rng, dtype)
        mode = int(rng.integers(0, 3))
        operands = [made.input(data(rng, [n, height, width, channels], dtype), x),
                    made.constant(np.array(size, np.int32))]
        made.output([n, *size, channels], dtype, x)
        made.operator(name, operands, options, 3, alignCorners=mode == 1,
                      halfPixelCenters=mode == 2)
        return made

    return draw


def quantize(rng: np.random.Generator, dtype: Any) -> OneOperator:
    made = OneOperator()
    y = quant(rng, dtype, 2.0 ** rng.uniform(-8, 0))
    shape = small(rng, int(rng.integers(1, 5)))
    if dtype == INT8 and rng.integers(0, 3) == 0:
        axis = int(rng.integers(0, len(shape)))
        y = Quant([float(np.float32(y.scale[0] * 2.0 ** rng.uniform(-1, 1)))
                   for _ in range(shape[axis])], [0] * shape[axis], axis)
    values = rng.normal(0, y.scale[0] * deviation(dtype), shape).astype(np.float32)
    values[rng.random(shape) < 0.2] = np.float32(y.scale[0] * 2.5)  # a tie, or near one
    made.output(shape, dtype, y)
    made.operator("QUANTIZE", [made.input(values)], "QuantizeOptions")
    return made


def requantize(rng: np.random.Generator, dtype: Any) -> OneOperator:
    made = OneOperator()
    choices = [INT8, INT16, INT16] if dtype == INT16 else [INT8, np.uint8, INT16]
    to = choices[int(rng.integers(0, 3))]
    x = quant(rng, dtype)
    ratio = 2.0 ** rng.uniform(-3, 3) * deviation(dtype) / deviation(to)
    y = quant(rng, to, x.scale[0] * (1.0 if rng.integers(0, 5) == 0 else ratio))
    shape = small(rng, int(rng.integers(1, 5)), 7)
    operands = [made.input(data(rng, shape, dtype), x)]
    made.output(shape, to, y)
    made.operator("QUANTIZE", operands, "QuantizeOptions")
    return made


def dequantize(rng: np.random.Generator, dtype: Any) -> OneOperator:
    made = OneOperator()
    shape = small(rng, 3)
    x = quant(rng, dtype)
    if dtype == INT8 and rng.integers(0, 2):
        axis = int(rng.integers(0, 3))
        x = Quant([scale(rng) for _ in range(shape[axis])],
                  [zero(rng, dtype) for _ in range(shape[axis])], axis)
    operands = [made.input(data(rng, shape, dtype), x)]
    made.output(shape, np.float32)
    made.operator("DEQUANTIZE", operands, "DequantizeOptions", 5)
    return made


def embedding_lookup(rng: np.random.Generator, dtype: Any) -> OneOperator:
    made = OneOperator()
    shape = small(rng, int(rng.integers(2, 4)), 8)
    rows = shape[0]
    x = Quant([scale(rng)], [0])
    if rng.integers(0, 2):
        x = Quant([scale(rng) for _ in range(rows)], [0] * rows)
    ids = rng.integers(0, rows, int(rng.integers(1, 6))).astype(np.int32)
    operands = [made.input(ids), made.constant(data(rng, shape, dtype), x)]
    made.output([len(ids), *shape[1:]], np.float32)
    made.operator("EMBEDDING_LOOKUP", operands, version=4)
    return made


def arg_extremum(name: str, options: str) -> Draw:
    def draw(rng: np.random.Generator, dtype: Any) -> OneOperator:
        made = OneOperator()
        shape = small(rng, int(rng.integers(1, 5)), 6)
        axis = int(rng.integers(0, len(shape)))
        operands = [made.input(data(rng, shape, dtype), quant(rng, dtype)),
                    made.constant(np.array([axis], np.int32))]
        made.output([n for i, n in enumerate(shape) if i != axis], np.int32)
        made.operator(name, operands, options, 2, outputType=schema.TensorType.INT32)
        return made

    return draw


def topk(rng: np.random.Generator, dtype: Any) -> OneOperator:
    made = OneOperator()
    shape = small(rng, 2, 9)
    k = int(rng.integers(1, shape[-1] + 1))
    same = quant(rng, dtype)
    operands = [made.input(data(rng, shape, dtype), same), made.constant(np.int32(k).reshape([]))]
    made.output([shape[0], k], dtype, same)
    made.output([shape[0], k], np.int32)
    made.operator("TOPK_V2", operands, "TopKV2Options", 2)
    return made


def comparison(name: str, options: str) -> Draw:
    def draw(rng: np.random.Generator, dtype: Any) -> OneOperator:
        made = OneOperator()
        a_shape, b_shape, shape = broadcast_pair(rng)
        a = quant(rng, dtype, 2.0 ** rng.uniform(-9, -0.1))
        b = quant(rng, dtype, 2.0 ** rng.uniform(-9, -0.1))
        if rng.integers(0, 2):
            b = Quant(a.scale, b.zero)
        operands = [made.input(data(rng, a_shape, dtype), a),
                    made.input(data(rng, b_shape, dtype), b)]
        made.output(shape, np.bool_)
        made.operator(name, operands, options, 2)
        return made

    return draw


def l2_normalization(rng: np.random.Generator, dtype: Any) -> OneOperator:
    made = OneOperator()
    shape = small(rng, int(rng.integers(1, 5)), 9)
    operands = [made.input(data(rng, shape, dtype), quant(rng, dtype))]
    made.output(shape, dtype, Quant([1 / 128], [0]))
    made.operator("L2_NORMALIZATION", operands, "L2NormOptions", 2)
    return made


def root(name: str) -> Draw:
    """Of numbers that are not negative."""
    def draw(rng: np.random.Generator, dtype: Any) -> OneOperator:
        made = OneOperator()
        x = quant(rng, dtype, 2.0 ** rng.uniform(-12, 0))
        values = np.maximum(data(rng, small(rng, 3, 7), dtype), x.zero[0]).astype(dtype)
        most = np.sqrt(x.scale[0] * deviation(dtype))
        if name == "RSQRT":
            most = 1 / np.sqrt(x.scale[0] * (1 if dtype == INT8 else 20))
        y = quant(rng, dtype, spread(rng, most, dtype))
        operands = [made.input(values, x)]
        made.output(values.shape, dtype, y)
        made.operator(name, operands, version=2)
        return made

    return draw


BOTH = (INT8, INT16)
ALL = (INT8, np.uint8, INT16)
ONLY8 = (INT8,)
LOGISTIC8, TANH8 = Quant([1 / 256], [-128]), Quant([1 / 128], [0])

# The reference resolver does not know ELU, and its SUM of integers wraps, or reads memory that
# nobody has written (int16): these are compared with the optimized kernels.
WITHOUT_REFERENCE = {"ELU", "SUM"}

# Name -> how to draw one, and of which types.
CASES: dict[str, tuple[Draw, tuple[Any, ...]]] = {
    "QUANTIZE": (quantize, ALL),
    "QUANTIZE_INTEGERS": (requantize, ALL),
    "DEQUANTIZE": (dequantize, ALL),
    "EMBEDDING_LOOKUP": (embedding_lookup, ONLY8),
    "CONV_2D": (convolution(depthwise=False), BOTH),
    "CONV_2D_GROUPED": (convolution(depthwise=False, grouped=True), ONLY8),
    "DEPTHWISE_CONV_2D": (convolution(depthwise=True), BOTH),
    "TRANSPOSE_CONV": (transpose_conv, BOTH),
    "FULLY_CONNECTED": (fully_connected(False), BOTH),
    "FULLY_CONNECTED_ROWS": (fully_connected(True), BOTH),
    "BATCH_MATMUL": (batch_matmul, BOTH),
    "ADD": (binary("ADD", "AddOptions", 2), BOTH),
    "SUB": (binary("SUB", "SubOptions", 2), BOTH),
    "MUL": (binary("MUL", "MulOptions", 2, product=True), BOTH),
    "DIV": (divide, ONLY8),
    "SQUARED_DIFFERENCE": (binary("SQUARED_DIFFERENCE", "SquaredDifferenceOptions", 2), ONLY8),
    "PRELU": (prelu, ONLY8),
    "MAXIMUM": (extremum("MAXIMUM"), BOTH),
    "MINIMUM": (extremum("MINIMUM"), BOTH),
    "AVERAGE_POOL_2D": (pool("AVERAGE_POOL_2D"), BOTH),
    "MAX_POOL_2D": (pool("MAX_POOL_2D"), BOTH),
    "MEAN": (reduction("MEAN"), BOTH),
    "SUM": (reduction("SUM"), BOTH),
    "REDUCE_MAX": (reduction("REDUCE_MAX"), BOTH),
    "REDUCE_MIN": (reduction("REDUCE_MIN"), BOTH),
    "SOFTMAX": (softmax, BOTH),
    "LOGISTIC": (fixed("LOGISTIC", LOGISTIC8), BOTH),
    "TANH": (fixed("TANH", TANH8), BOTH),
    "RELU": (unary("RELU", version=2), BOTH),
    "RELU6": (unary("RELU6", version=2), BOTH),
    "RELU_N1_TO_1": (unary("RELU_N1_TO_1"), ONLY8),
    "LEAKY_RELU": (unary("LEAKY_RELU", "LeakyReluOptions",
                         alpha=lambda rng: float(np.float32(rng.uniform(-0.5, 1.5)))), BOTH),
    "HARD_SWISH": (hard_swish, ONLY8),
    "ABS": (unary("ABS", "AbsOptions", 2), BOTH),
    "ELU": (unary("ELU"), ONLY8),
    "GELU": (unary("GELU", "GeluOptions", 2, approximate=lambda rng: bool(rng.integers(0, 2))),
             ONLY8),
    "EXP": (exponential, ONLY8),
    "RESIZE_BILINEAR": (resize("RESIZE_BILINEAR", "ResizeBilinearOptions"), BOTH),
    "RESIZE_NEAREST_NEIGHBOR": (resize("RESIZE_NEAREST_NEIGHBOR",
                                       "ResizeNearestNeighborOptions"), BOTH),
    "CONCATENATION": (concatenation, BOTH),
    "PAD": (pad("PAD"), BOTH),
    "PADV2": (pad("PADV2"), BOTH),
    "MIRROR_PAD": (pad("MIRROR_PAD"), BOTH),
    "TRANSPOSE": (transpose, BOTH),
    "ARG_MAX": (arg_extremum("ARG_MAX", "ArgMaxOptions"), ONLY8),
    "ARG_MIN": (arg_extremum("ARG_MIN", "ArgMinOptions"), ONLY8),
    "TOPK_V2": (topk, ONLY8),
    "LESS": (comparison("LESS", "LessOptions"), ONLY8),
    "GREATER_EQUAL": (comparison("GREATER_EQUAL", "GreaterEqualOptions"), ONLY8),
    "EQUAL": (comparison("EQUAL", "EqualOptions"), ONLY8),
    "L2_NORMALIZATION": (l2_normalization, ONLY8),
    "SQRT": (root("SQRT"), BOTH),
    "RSQRT": (root("RSQRT"), ONLY8),
    "RESHAPE": (moved("RESHAPE", "ReshapeOptions", 1), BOTH),
    "SLICE": (moved("SLICE", "SliceOptions"), BOTH),
    "STRIDED_SLICE": (moved("STRIDED_SLICE", "StridedSliceOptions"), BOTH),
    "GATHER": (moved("GATHER", "GatherOptions"), BOTH),
    "SPLIT": (moved("SPLIT", "SplitOptions"), BOTH),
    "PACK": (moved("PACK", "PackOptions"), BOTH),
    "SELECT_V2": (moved("SELECT_V2", "SelectV2Options"), BOTH),
}
