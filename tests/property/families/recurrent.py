"""LSTM, GRU and RNN: a few steps are unrolled, more become a loop, so both lengths are drawn."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from property.case import Case, Graph
from property.draw import Draw

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


# Functions that a cell may name: how many parameters each takes, and whether they have defaults.
PLAIN = ["Sigmoid", "Tanh", "Relu", "Softsign", "Softplus"]
WITH_DEFAULTS = {"LeakyRelu": 1, "Elu": 1, "HardSigmoid": 2}
WITHOUT_DEFAULTS = {"Affine": 2, "ScaledTanh": 2, "ThresholdedRelu": 1}
BOUNDED = {"Sigmoid", "Tanh", "Softsign", "HardSigmoid", "ScaledTanh"}


def _activations(d: Draw, op: str, directions: int) -> dict[str, Any]:
    """The attributes of the functions, none of them for the default ones."""
    if d.chance(0.5):
        return {}
    count = {"LSTM": 3, "GRU": 2, "RNN": 1}[op] * directions
    easy = [*PLAIN, *WITH_DEFAULTS]
    kinds = [PLAIN[:3], PLAIN, easy, [*easy, *WITHOUT_DEFAULTS]]
    names = [d.choice(d.choice(kinds)) for _ in range(count)]
    parameters = {**WITH_DEFAULTS, **WITHOUT_DEFAULTS}
    given: dict[str, Any] = {"activations": names}
    if any(n in WITHOUT_DEFAULTS for n in names) or d.chance(0.5):
        # Consumed in order by the functions that take one.
        alphas = [float(d.rng.uniform(0.1, 0.9)) for n in names if parameters.get(n, 0) > 0]
        betas = [float(d.rng.uniform(0.1, 0.9)) for n in names if parameters.get(n, 0) > 1]
        given |= {k: v for k, v in (("activation_alpha", alphas), ("activation_beta", betas)) if v}
    if op != "RNN" and d.chance(0.2):  # ONNX Runtime's RNN compares case, its others do not
        given["activations"] = [n.upper() for n in names]
    return given


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
        unbounded = not BOUNDED.issuperset(activations.get("activations", []))
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

        def initial() -> np.ndarray:
            bound = d.choice([0.0, 1.0, 1.0])  # exporters write zeros out
            return d.values((directions, batch, hidden), np.float32, -bound, bound)

        operands.append(optional(0.5, initial(), 0.3))
        given: dict[str, Any] = {"hidden_size": hidden}
        if direction != "forward" or d.chance(0.5):
            given["direction"] = direction
        given |= activations
        if d.chance(0.3):
            given["clip"] = float(d.rng.uniform(0.05, 0.8))
        if op == "LSTM":
            operands.append(optional(0.5, initial(), 0.3))
            operands.append(optional(0.3, weight(3 * hidden), weights))
        elif op == "GRU":
            given["linear_before_reset"] = d.choice([None, 0, 1, 1])
        names = graph.node(op, operands, outputs=3 if op == "LSTM" else 2, **given)
        wanted = d.choice([names, names, names[:1], names[1:]])
        return graph.finish(wanted)

    return generate


GENERATORS: dict[str, Callable[[Draw], Case]] = {op: _recurrent(op) for op in GATES}
