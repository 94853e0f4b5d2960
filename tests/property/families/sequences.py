"""Sequences and optionals: lists that are built, edited and read within a model of tensors."""

from __future__ import annotations

from typing import Callable, Optional

import numpy as np
from onnx import TensorProto, helper

from property.case import Case, Graph
from property.draw import OPSET_LAST, OPSET_RUNTIME, Draw


def _start(d: Draw, op: str, first: int = 11) -> tuple[Graph, str, int, tuple[int, ...]]:
    """A graph with a sequence of two to four tensors of one shape."""
    # Of loops onnx's evaluator knows too little to judge.
    last = OPSET_RUNTIME if op == "Loop" else OPSET_LAST
    graph = Graph(d, d.opset(op, first=first, last=last))
    shape = d.shape(1, 3)
    count = d.integer(2, 4)
    parts = [graph.operand(d.values(shape), 0.2) for _ in range(count)]
    return graph, graph.node("SequenceConstruct", parts)[0], count, shape


def _place(d: Draw, graph: Graph, low: int, high: int) -> str:
    kind = d.choice([np.int64, np.int32])
    return graph.constant(np.array(d.integer(low, high), kind))


def _read(d: Draw, graph: Graph, sequence: str, count: int) -> Case:
    """Ends the graph with tensors: an element, or all of them together."""
    if d.chance(0.5):
        place = _place(d, graph, -count, count - 1)
        return graph.finish([graph.node("SequenceAt", [sequence, place])[0]])
    joined = graph.node("ConcatFromSequence", [sequence], axis=0, new_axis=d.integer(0, 1))
    return graph.finish(joined)


def _edit(op: str) -> Callable[[Draw], Case]:
    def generate(d: Draw) -> Case:
        graph, sequence, count, shape = _start(d, op)
        if op == "SequenceInsert":
            inputs = [sequence, graph.input(d.values(shape))]
            if d.chance(0.6):
                inputs.append(_place(d, graph, -count, count))
            return _read(d, graph, graph.node(op, inputs)[0], count + 1)
        if op == "SequenceErase":
            places = [_place(d, graph, -count, count - 1)] if d.chance(0.7) else []
            return _read(d, graph, graph.node(op, [sequence, *places])[0], count - 1)
        return _read(d, graph, sequence, count)

    return generate


def _concat(d: Draw) -> Case:
    graph = Graph(d, d.opset("ConcatFromSequence"))
    shape = list(d.shape(1, 3))
    axis = d.axis(len(shape))
    new_axis = d.chance(0.4)
    parts = []
    for _ in range(d.integer(1, 4)):
        if not new_axis:
            shape[axis] = d.integer(1, 4)
        parts.append(graph.operand(d.values(shape), 0.2))
    sequence = graph.node("SequenceConstruct", parts)[0]
    given = {"axis": d.axis(len(shape) + 1) if new_axis else axis}
    joined = graph.node("ConcatFromSequence", [sequence], new_axis=int(new_axis), **given)
    return graph.finish(joined)


def _empty(d: Draw) -> Case:
    graph = Graph(d, d.opset("SequenceEmpty"))
    sequence = graph.node("SequenceEmpty", [], dtype=d.choice([None, TensorProto.FLOAT]))[0]
    count = d.integer(1, 3)
    shape = d.shape(1, 3)
    for _ in range(count):
        sequence = graph.node("SequenceInsert", [sequence, graph.input(d.values(shape))])[0]
    return _read(d, graph, sequence, count)


def _length(d: Draw) -> Case:
    """Telling only together with a tensor that varies."""
    graph, sequence, _, shape = _start(d, "SequenceLength")
    length = graph.node("SequenceLength", [sequence])[0]
    number = graph.node("Cast", [length], to=TensorProto.FLOAT)[0]
    return graph.finish(graph.node("Mul", [graph.input(d.values(shape)), number]))


def _split(d: Draw) -> Case:
    graph = Graph(d, d.opset("SplitToSequence"))
    shape = d.shape(1, 3)
    axis = d.axis(len(shape))
    total = shape[axis]
    inputs = [graph.input(d.values(shape))]
    keepdims: Optional[int] = None
    way = d.integer(0, 2)
    if way == 0:
        count, keepdims = total, d.choice([None, 0, 1])
    elif way == 1:
        size = d.integer(1, total)
        count = -(-total // size)
        inputs.append(graph.constant(np.array(size, np.int64)))
    else:
        first = d.integer(1, total)
        sizes = [first, total - first] if first < total else [total]
        count = len(sizes)
        inputs.append(graph.constant(np.array(sizes, np.int64)))
    sequence = graph.node("SplitToSequence", inputs, axis=axis, keepdims=keepdims)[0]
    place = _place(d, graph, -count, count - 1)
    return graph.finish(graph.node("SequenceAt", [sequence, place]))


def _map(d: Draw) -> Case:
    graph = Graph(d, d.opset("SequenceMap"))
    shape = d.shape(1, 3)
    parts = [graph.input(d.values(shape)) for _ in range(d.integer(1, 3))]
    sequence = graph.node("SequenceConstruct", parts)[0]
    other = graph.operand(d.values(shape))
    kind = helper.make_tensor_value_info
    body = helper.make_graph(
        [helper.make_node("Mul", ["a", "b"], ["m"]), helper.make_node("Tanh", ["m"], ["r"])],
        "body",
        [kind("a", TensorProto.FLOAT, shape), kind("b", TensorProto.FLOAT, shape)],
        [kind("r", TensorProto.FLOAT, shape)],
    )
    mapped = graph.node("SequenceMap", [sequence, other], body=body)[0]
    return _read(d, graph, mapped, len(parts))


def _optional(d: Draw) -> Case:
    """A value wrapped and unwrapped; whether it is there decides between two results."""
    graph = Graph(d, d.opset("Optional"))
    value = d.values(d.shape(1, 3))
    wrapped = graph.node("Optional", [graph.input(value)])[0]
    inner = graph.node("OptionalGetElement", [wrapped])[0]
    has = graph.node("OptionalHasElement", [wrapped])[0]
    number = graph.node("Cast", [has], to=TensorProto.FLOAT)[0]
    case = graph.finish(graph.node("Add", [inner, number]))
    case.expected = [value + 1]  # onnx's evaluator makes lists of optionals
    return case


def _loop(d: Draw) -> Case:
    """A loop of known rounds that appends to a sequence, as exporters write list comprehensions:
    so many rounds, or until a number that is carried along says so."""
    graph, sequence, count, shape = _start(d, "Loop", first=13)
    x = graph.input(d.values(shape))
    kind = helper.make_tensor_value_info
    listed = helper.make_tensor_sequence_value_info("s", TensorProto.FLOAT, None)
    longer = helper.make_tensor_sequence_value_info("t", TensorProto.FLOAT, None)
    nodes = [
        helper.make_node("SequenceAt", ["s", "i"], ["e"]),
        helper.make_node("Mul", ["e", x], ["m"]),
        helper.make_node("SequenceInsert", ["s", "m"], ["t"]),
    ]
    takes = [kind("i", TensorProto.INT64, []), kind("c", TensorProto.BOOL, []), listed]
    gives = [kind("c_out", TensorProto.BOOL, []), longer]
    rounds = d.integer(1, count)
    limit = graph.constant(np.array(rounds, np.int64), as_node=False)
    if d.chance(0.6):
        nodes.append(helper.make_node("Identity", ["c"], ["c_out"]))
        operands = [limit, "", sequence]
    else:
        one = graph.constant(np.array(1, np.int64), as_node=False)
        nodes.append(helper.make_node("Add", ["k", one], ["k_out"]))
        nodes.append(helper.make_node("Less", ["k_out", limit], ["c_out"]))
        takes.append(kind("k", TensorProto.INT64, []))
        gives.append(kind("k_out", TensorProto.INT64, []))
        operands = ["", graph.constant(np.array(True)), sequence, graph.constant(np.int64(0))]
    body = helper.make_graph(nodes, "body", takes, gives)
    names = graph.node("Loop", operands, len(gives) - 1, body=body)
    return _read(d, graph, names[0], count + rounds)


GENERATORS = {
    "SequenceConstruct": _edit("SequenceConstruct"),
    "SequenceInsert": _edit("SequenceInsert"),
    "SequenceErase": _edit("SequenceErase"),
    "SequenceAt": _edit("SequenceAt"),
    "ConcatFromSequence": _concat,
    "SequenceEmpty": _empty,
    "SequenceLength": _length,
    "SplitToSequence": _split,
    "SequenceMap": _map,
    "Optional": _optional,
    "LoopOfSequence": _loop,
}
