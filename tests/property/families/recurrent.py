"""LSTM, GRU and RNN: a few steps are unrolled, more become a loop, so both lengths are drawn."""

from __future__ import annotations

from typing import Any, Callable, Optional

import numpy as np

from property.case import Case, Graph
from property.draw import Draw

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


def _activations(d: Draw, op: str, directions: int) -> Optional[list[str]]:
    if d.chance(0.7):
        return None
    count = {"LSTM": 3, "GRU": 2, "RNN": 1}[op] * directions
    return [d.choice(["Sigmoid", "Tanh", "Relu"]) for _ in range(count)]


def _recurrent(op: str) -> Callable[[Draw], Case]:
    def generate(d: Draw) -> Case:
        opset = d.opset(op, last=22)
        direction = d.choice(["forward", "reverse", "bidirectional"])
        directions = 2 if direction == "bidirectional" else 1
        steps = d.choice([1, 2, 4, 5, 9, 17])
        batch, features, hidden = d.integer(1, 3), d.integer(1, 5), d.integer(1, 6)
        rows = GATES[op] * hidden
        graph = Graph(d, opset)
        weights = 0.0 if d.chance(0.15) else 1.0
        activations = _activations(d, op, directions)
        # What nothing bounds must not grow from step to step: it would be infinite before the last.
        unbounded = activations is not None and "Relu" in activations
        limit = 1.0 / (features + hidden + 2) if unbounded else 1.0

        def weight(*shape: int) -> np.ndarray:
            return d.values((directions, *shape), np.float32, -limit, limit)

        x = graph.input(d.values((steps, batch, features), np.float32, -1, 1))
        operands = [
            x,
            graph.operand(weight(rows, features), weights),
            graph.operand(weight(rows, hidden), weights),
        ]

        def optional(probability: float, value: Any, constant: float) -> str:
            return graph.operand(value, constant, "s") if d.chance(probability) else ""

        operands.append(optional(0.8, weight(2 * rows), weights))
        lengths = d.rng.integers(1, steps + 1, batch).astype(np.int32)
        lengths[d.integer(0, batch - 1)] = steps
        operands.append(optional(0.3, lengths, 0.5))
        state = (directions, batch, hidden)
        operands.append(optional(0.5, d.values(state, np.float32, -1, 1), 0.3))
        given: dict[str, Any] = {"hidden_size": hidden}
        if direction != "forward" or d.chance(0.5):
            given["direction"] = direction
        given["activations"] = activations
        if op == "LSTM":
            operands.append(optional(0.5, d.values(state, np.float32, -1, 1), 0.3))
            operands.append(optional(0.3, weight(3 * hidden), weights))
        elif op == "GRU":
            given["linear_before_reset"] = d.choice([None, 0, 1, 1])
        names = graph.node(op, operands, outputs=3 if op == "LSTM" else 2, **given)
        wanted = d.choice([names, names, names[:1], names[1:]])
        return graph.finish(wanted)

    return generate


GENERATORS: dict[str, Callable[[Draw], Case]] = {op: _recurrent(op) for op in GATES}
