"""Attention: heads apart or side by side, grouped, masked, with a cache."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from property.case import Case, Graph
from property.draw import Draw


def _attention(d: Draw) -> Case:
    opset = d.opset("Attention", last=24)
    batch, groups, key_heads = d.integer(1, 2), d.integer(1, 3), d.integer(1, 2)
    heads = groups * key_heads
    queries, keys = d.integer(1, 5), d.integer(1, 6)
    size, value_size = d.integer(1, 6), d.integer(1, 6)
    past = d.integer(1, 4) if d.chance(0.3) else 0
    total = past + keys
    flat = d.chance(0.4)
    graph = Graph(d, opset)

    def operand(count: int, length: int, width: int) -> str:
        shape = (batch, length, count * width) if flat else (batch, count, length, width)
        return graph.input(d.values(shape, np.float32, -2, 2))

    operands = [
        operand(heads, queries, size),
        operand(key_heads, keys, size),
        operand(key_heads, keys, value_size),
    ]
    mask = ""
    if d.chance(0.5):
        shape = (batch, heads, queries, total)[d.choice([0, 2]) :]
        if d.chance(0.5):
            allowed = d.values(shape, np.bool_)
            allowed[..., 0] = True  # what a query without a key gives is another subject
            mask = graph.operand(allowed, 0.3, "mask")
        else:
            mask = graph.operand(d.values(shape, np.float32, -2, 2), 0.3, "mask")
    operands.append(mask)
    if past:
        operands.append(graph.input(d.values((batch, key_heads, past, size), np.float32)))
        operands.append(graph.input(d.values((batch, key_heads, past, value_size), np.float32)))
    given: dict[str, Any] = {
        # ONNX Runtime counts a causal frontier from the first key, the definition from the past on.
        "is_causal": None if past else d.choice([None, 0, 1]),
        "scale": d.choice([None, None, 0.3]),
        "softcap": d.choice([None, None, 2.0]),
    }
    if flat:
        given |= {"q_num_heads": heads, "kv_num_heads": key_heads}
    names = graph.node("Attention", operands, outputs=3 if past else 1, **given)
    return graph.finish(names)


GENERATORS: dict[str, Callable[[Draw], Case]] = {"Attention": _attention}
