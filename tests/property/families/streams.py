"""Operators that carry a state from call to call."""

from __future__ import annotations

from typing import Any, Callable

from property.case import Case, Graph
from property.draw import F32, Draw


def _stateful(d: Draw, op: str, opset: int, operands: list[Any], **attributes: Any) -> Case:
    """Two results; operands are computed, or None where absent."""
    graph = Graph(d, opset)
    names = ["" if x is None else graph.operand(x, 0.3 if i else 0) for i, x in enumerate(operands)]
    return graph.finish(graph.node(op, names, 2, **attributes))


def _causal_conv(d: Draw) -> Case:
    opset = d.opset("CausalConvWithState")
    batch, channels, length, taps = (d.integer(1, 5) for _ in range(4))
    taps += 1  # without a past there is nothing to carry
    operands = [
        d.values((batch, channels, length), F32),
        d.values((channels, 1, taps), F32, -1, 1),
        d.values((channels,), F32) if d.chance(0.5) else None,
        d.values((batch, channels, taps - 1), F32) if d.chance(0.5) else None,
    ]
    activation = d.choice([None, "none", "silu", "swish"])
    return _stateful(d, "CausalConvWithState", opset, operands, activation=activation)


def _linear_attention(d: Draw) -> Case:
    opset = d.opset("LinearAttention")
    batch, length, heads, group, key, value = (d.integer(1, 4) for _ in range(6))
    rule = d.choice([None, "linear", "gated", "delta", "gated_delta"])
    gated, delta = rule in (None, "gated", "gated_delta"), rule in (None, "delta", "gated_delta")
    decay = d.values((batch, length, d.choice([heads, heads * key])), F32, -2, 0)
    beta = d.values((batch, length, d.choice([heads, 1])), F32, 0, 1)
    operands = [
        d.values((batch, length, heads * group * key), F32, -1, 1),
        d.values((batch, length, heads * key), F32, -1, 1),
        d.values((batch, length, heads * value), F32, -1, 1),
        d.values((batch, heads, key, value), F32, -1, 1) if d.chance(0.5) else None,
        decay if gated else None,
        beta if delta else None,
    ]
    attributes: dict[str, Any] = {"update_rule": rule, "scale": d.choice([None, 0.0, 0.5])}
    attributes.update(q_num_heads=heads * group, kv_num_heads=heads)
    return _stateful(d, "LinearAttention", opset, operands, **attributes)


GENERATORS: dict[str, Callable[[Draw], Case]] = {
    "CausalConvWithState": _causal_conv,
    "LinearAttention": _linear_attention,
}
