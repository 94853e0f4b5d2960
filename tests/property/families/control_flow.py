"""If, Loop and Scan: computed conditions and numbers of rounds, what rounds carry and collect."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from property.case import Case, Graph
from property.draw import OPSET_RUNTIME, Draw

F32, I64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL


def _value(name: str, kind: int = F32, shape: Any = None) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def _body(
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[onnx.ValueInfoProto],
    outputs: Sequence[onnx.ValueInfoProto],
    constants: Sequence[tuple[str, np.ndarray]] = (),
) -> onnx.GraphProto:
    body = helper.make_graph(list(nodes), "body", list(inputs), list(outputs))
    body.initializer.extend(numpy_helper.from_array(np.asarray(v), n) for n, v in constants)
    return body


def _node(op: str, inputs: Sequence[str], output: str, **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(op, list(inputs), [output], **attributes)


def _if(d: Draw) -> Case:
    """A computed condition; the branches take values from outside and may differ in size."""
    graph = Graph(d, d.opset("If"))
    shape = d.shape(1, 3)
    x = graph.input(d.values(shape))
    w = graph.operand(d.values(shape))
    flag = graph.operand(np.array(d.chance(0.5)), 0.15)
    one = [_node("Mul", [x, w], "m"), _node("Relu", ["m"], "t")]
    if d.chance(0.4):
        other = [_node("Concat", [x, w], "e", axis=d.integer(0, len(shape) - 1))]
    else:
        other = [_node("Sub", [x, w], "e")]
    then = _body(one, [], [_value("t")])
    otherwise = _body(other, [], [_value("e")])
    names = graph.node("If", [flag], then_branch=then, else_branch=otherwise)
    return graph.finish([graph.node("Neg", names)[0]])


def _if_squeezed(d: Draw) -> Case:
    """As TorchScript writes squeeze(): an axis goes if its size is 1, which only the run tells.
    What follows works on either rank until it ends in one."""
    graph = Graph(d, d.integer(13, 20))
    shape = [d.integer(2, 4), d.integer(2, 4)]
    x = graph.input(d.values((d.choice([1, 1, 3]), *shape)))
    graph.open_axis(x, 0)
    front = graph.constant(np.array([0], np.int64), as_node=False)
    one = graph.constant(np.array([1], np.int64), as_node=False)

    def squeezed(value: str) -> str:
        sizes = graph.node("Shape", [value])[0]
        size = graph.node("Gather", [sizes, front])[0]
        is_one = graph.node("Equal", [size, one])[0]
        then = _body([_node("Squeeze", [value, front], f"{value}_t")], [], [_value(f"{value}_t")])
        other = _body([_node("Identity", [value], f"{value}_e")], [], [_value(f"{value}_e")])
        return graph.node("If", [is_one], then_branch=then, else_branch=other)[0]

    beside = graph.node("Tanh", [x])[0]
    y = squeezed(x)
    if d.chance(0.4):  # a second one, of what may or may not have lost an axis
        y = graph.node("Add", [y, squeezed(beside)])[0]
    scaled = graph.node("Mul", [y, graph.operand(d.values((shape[1],)), 0.6)])[0]
    last = graph.constant(np.array([-1], np.int64), as_node=False)
    if d.chance(0.5):
        scaled = graph.node("MatMul", [scaled, graph.constant(d.values((shape[1], 3)))])[0]
    flat = graph.node("Reshape", [scaled, last])[0]
    return graph.finish([flat, beside], {flat: F32, beside: F32})


def _trip(d: Draw, graph: Graph) -> str:
    """The number of rounds: mostly computed; also many, or few."""
    if d.chance(0.2):
        return graph.constant(np.array(d.choice([0, 3, 70, 100]), np.int64))
    shape = d.choice([(), (), (1,)])
    return graph.input(np.full(shape, d.integer(0, 6), np.int64), "trip")


def _loop(d: Draw) -> Case:
    """x = x * w + b, with the rounds' values collected; b is the round's number now and then."""
    graph = Graph(d, d.opset("Loop", last=OPSET_RUNTIME))
    shape = d.shape(0, 3)
    x = graph.operand(d.values(shape), 0.2)
    w = graph.operand(d.values(shape, low=-1, high=1))
    nodes = [_node("Mul", ["x", w], "m")]
    if d.chance(0.5):
        nodes += [_node("Cast", ["i"], "f", to=F32), _node("Add", ["m", "f"], "y")]
    else:
        nodes.append(_node("Tanh", ["m"], "y"))
    nodes.append(_node("Identity", ["c"], "c_out"))
    outputs = [_value("c_out", BOOL, []), _value("y", F32, shape)]
    collected = d.integer(0, 2)
    for k in range(collected):
        row = "y" if k == 0 else "x"
        if d.chance(0.3) and shape:
            nodes.append(_node("ReduceSum", [row], f"row{k}", keepdims=0))
        else:
            nodes.append(_node("Identity", [row], f"row{k}"))
        outputs.append(_value(f"row{k}"))
    body = _body(
        nodes, [_value("i", I64, []), _value("c", BOOL, []), _value("x", F32, shape)], outputs
    )
    condition = d.choice(["", graph.constant(np.array(True), as_node=False)])
    names = graph.node("Loop", [_trip(d, graph), condition, x], 1 + collected, body=body)
    return graph.finish(names)


def _loop_while(d: Draw) -> Case:
    """As long as a sum is small; at most a number of rounds, where that is given."""
    graph = Graph(d, d.opset("Loop", last=OPSET_RUNTIME))
    shape = d.shape(1, 2)
    x = graph.input(d.values(shape, low=0.5, high=1.5))
    limit = graph.operand(np.array(d.integer(2, 40), np.float32))
    nodes = [
        _node("Add", ["x", x], "y"),
        _node("ReduceSum", ["y"], "s", keepdims=0),
        _node("Less", ["s", limit], "c_out"),
        _node("Neg", ["y"], "row"),
    ]
    inputs = [_value("i", I64, []), _value("c", BOOL, []), _value("x", F32, shape)]
    outputs = [_value("c_out", BOOL, []), _value("y", F32, shape), _value("row", F32, shape)]
    first = d.choice(["", "", graph.input(np.array(d.chance(0.7)), "flag")])
    trip = "" if d.chance(0.4) else _trip(d, graph)
    names = graph.node("Loop", [trip, first, x], 2, body=_body(nodes, inputs, outputs))
    return graph.finish(names)


def _loop_growing(d: Draw) -> Case:
    """A carried value that is longer after each round, and may begin empty."""
    graph = Graph(d, d.opset("Loop", last=OPSET_RUNTIME))
    width = d.integer(1, 4)
    axis = d.integer(0, 1)
    row = d.values((1, width) if axis == 0 else (width, 1))
    start = list(row.shape)
    start[axis] = d.integer(0, 2)
    held = graph.operand(d.values(start))
    piece = graph.input(row)
    nodes = [
        _node("Cast", ["i"], "f", to=F32),
        _node("Add", [piece, "f"], "p"),
        _node("Concat", ["held", "p"], "longer", axis=axis),
        _node("Identity", ["c"], "c_out"),
    ]
    inputs = [_value("i", I64, []), _value("c", BOOL, []), _value("held", F32, [None, None])]
    outputs = [_value("c_out", BOOL, []), _value("longer", F32, [None, None])]
    body = _body(nodes, inputs, outputs)
    names = graph.node("Loop", [_trip(d, graph), "", held], 1, body=body)
    return graph.finish(graph.node("Neg", names))  # LiteRT's Python can't read an empty slice


def _loop_shrinking(d: Draw) -> Case:
    """A queue that loses elements in each round, and may be empty before the last one; what is left
    of it may be cut from a computed place, or picked by value."""
    graph = Graph(d, d.opset("Loop", first=13, last=OPSET_RUNTIME))
    shape = d.shape(1, 3, size=4)
    axis = d.integer(0, len(shape) - 1)
    queue = graph.input(d.values(shape))
    if d.chance(0.4):
        graph.open_axis(queue, axis)
    step = graph.input(np.array([d.integer(1, 2)], np.int64), "step")
    end = graph.constant(np.array([1 << 30], np.int64), as_node=False)
    along = graph.constant(np.array([axis], np.int64), as_node=False)
    bound = graph.constant(np.array(0.5, np.float32), as_node=False)
    if len(shape) == 1 and d.chance(0.4):
        rest = [_node("Less", ["held", bound], "low"), _node("Compress", ["held", "low"], "part")]
        rest.append(_node("Sub", ["part", bound], "shorter"))
    else:
        rest = [_node("Slice", ["held", step, end, along], "shorter")]
    nodes = [
        *rest,
        _node("ReduceSum", ["held"], "sum", keepdims=0),
        _node("Add", ["all", "sum"], "more"),
        _node("Identity", ["c"], "c_out"),
    ]
    open_shape = [None] * len(shape)
    inputs = [
        _value("i", I64, []), _value("c", BOOL, []), _value("held", F32, open_shape),
        _value("all", F32, []),
    ]
    outputs = [
        _value("c_out", BOOL, []), _value("shorter", F32, open_shape), _value("more", F32, []),
    ]
    collected = d.chance(0.5)
    if collected:
        outputs.append(_value("sum", F32, []))
    zero = graph.constant(np.array(0, np.float32), as_node=False)
    body = _body(nodes, inputs, outputs)
    names = graph.node(
        "Loop", [_trip(d, graph), "", queue, zero], 2 + collected, body=body
    )
    # LiteRT's Python can't read an empty slice.
    return graph.finish([graph.node("Neg", [names[0]])[0], *names[1:]])


def _loop_over_found(d: Draw) -> Case:
    """As exporters of detectors write it: over the rows that were found, which may be none; results
    begin empty and grow by one row a round."""
    graph = Graph(d, d.opset("Loop", first=13, last=OPSET_RUNTIME))
    count, width = d.integer(1, 5), d.integer(1, 4)
    rows = graph.input(d.values((count, width)), "rows")
    keep = graph.input(d.values((count,), np.bool_), "keep")
    found = graph.node("Compress", [rows, keep], axis=0)[0]
    sizes = graph.node("Shape", [found])[0]
    zero = graph.constant(np.array(0, np.int64), as_node=False)
    trip = graph.node("Gather", [sizes, zero])[0]
    held = graph.constant(np.zeros((0, width), np.float32), as_node=False)
    scores = graph.constant(np.zeros((0,), np.float32), as_node=False)
    front = graph.constant(np.array([0], np.int64), as_node=False)
    nodes = [
        _node("Gather", [found, "i"], "row", axis=0),
        _node("Tanh", ["row"], "t"),
        _node("Unsqueeze", ["t", front], "one"),
        _node("Concat", ["held", "one"], "longer", axis=0),
        _node("ReduceMax", ["row"], "top", keepdims=1),
        _node("Concat", ["scores", "top"], "more", axis=0),
        _node("Identity", ["c"], "c_out"),
    ]
    inputs = [
        _value("i", I64, []), _value("c", BOOL, []), _value("held", F32, [None, None]),
        _value("scores", F32, [None]),
    ]
    outputs = [
        _value("c_out", BOOL, []), _value("longer", F32, [None, None]), _value("more", F32, [None]),
    ]
    body = _body(nodes, inputs, outputs)
    names = graph.node("Loop", [trip, "", held, scores], 2, body=body)
    return graph.finish([graph.node("Neg", [name])[0] for name in names])


def _loop_of_rows(d: Draw) -> Case:
    """Pastes a window of computed size into each row of a result that begins empty."""
    graph = Graph(d, d.opset("Loop", first=13, last=OPSET_RUNTIME))
    count, width = d.integer(1, 4), d.integer(3, 7)
    data = graph.input(d.values((count, width)), "data")
    starts = graph.input(d.rng.integers(0, 3, (count,)).astype(np.int64), "starts")
    held = graph.constant(np.zeros((0, width), np.float32), as_node=False)
    front = graph.constant(np.array([0], np.int64), as_node=False)
    end = graph.constant(np.array([width], np.int64), as_node=False)
    sizes = graph.node("Shape", [data])[0]
    trip = graph.node("Gather", [sizes, graph.constant(np.array(0, np.int64), as_node=False)])[0]
    nodes = [
        _node("Gather", [data, "i"], "row", axis=0),
        _node("Gather", [starts, "i"], "start", axis=0),
        _node("Unsqueeze", ["start", front], "from"),
        _node("Slice", ["row", "from", end], "part"),
        _node("ConstantOfShape", ["from"], "zeros"),
        _node("Concat", ["zeros", "part"], "whole", axis=0),
        _node("Unsqueeze", ["whole", front], "one"),
        _node("Concat", ["held", "one"], "longer", axis=0),
        _node("Identity", ["c"], "c_out"),
    ]
    inputs = [_value("i", I64, []), _value("c", BOOL, []), _value("held", F32, [None, None])]
    outputs = [_value("c_out", BOOL, []), _value("longer", F32, [None, None])]
    names = graph.node("Loop", [trip, "", held], 1, body=_body(nodes, inputs, outputs))
    return graph.finish(graph.node("Neg", names))


def _scan_of_batch(d: Draw) -> Case:
    """The Scan of opset 8: everything has a batch axis in front."""
    graph = Graph(d, 8)
    batch, row = d.choice([1, 2, 3, 70]), d.shape(1, 2, size=4)
    length = d.choice([1, 4, 9])
    x = graph.input(d.values((batch, length, *row), low=-1, high=1), "scanned")
    if d.chance(0.3):
        graph.open_axis(x, d.integer(0, 1))
    state = graph.operand(d.values((batch, *row)), 0.3)
    factor = graph.input(d.values(row), "factor")
    nodes = [_node("Add", ["s", "p"], "s_out"), _node("Mul", ["s_out", factor], "y")]
    collected = ["y"]  # ONNX Runtime gives nothing for a value that is collected twice
    for k in range(d.choice([0, 0, 1, 2])):
        nodes.append(_node("Neg", [d.choice(["y", "s_out"])], f"y{k}"))
        collected.append(f"y{k}")
    body = _body(
        nodes,
        [_value("s", F32, row), _value("p", F32, row)],
        [_value(name, F32, row) for name in ["s_out", *collected]],
    )

    def scan(first: str) -> list[str]:
        return graph.node(
            "Scan", ["", first, x], 1 + len(collected), body=body, num_scan_inputs=1,
            directions=d.choice([None, [0], [1]]),
        )

    names = scan(state)
    if d.chance(0.3):
        names += scan(names[0])
    return graph.finish(names)


def _scan(d: Draw) -> Case:
    """A running sum, forwards and backwards, along any axis."""
    graph = Graph(d, d.opset("Scan", first=9, last=OPSET_RUNTIME))
    shape = d.shape(1, 3)
    axis = d.axis(len(shape))
    positive = axis % len(shape)
    long = list(shape)
    long[positive] = d.choice([1, shape[positive], 80])
    row = [n for i, n in enumerate(shape) if i != positive]
    x = graph.input(d.values(long, low=-1, high=1), "scanned")
    if d.chance(0.5):  # a length that only the run tells
        graph.open_axis(x, positive)
    state = graph.operand(d.values(row), 0.3)
    nodes = [
        _node("Add", ["s", "p"], "s_out"),
        _node("Mul", ["s_out", "p"], "y"),
    ]
    body = _body(
        nodes,
        [_value("s", F32, row), _value("p", F32, row)],
        [_value("s_out", F32, row), _value("y", F32, row)],
    )
    names = graph.node(
        "Scan",
        [state, x],
        2,
        body=body,
        num_scan_inputs=1,
        scan_input_axes=[axis],
        scan_output_axes=d.choice([None, [d.axis(len(shape))]]),
        scan_input_directions=d.choice([None, [1]]),
        scan_output_directions=d.choice([None, [1]]),
    )
    return graph.finish(names)


GENERATORS = {
    "If": _if,
    "IfSqueezed": _if_squeezed,
    "Loop": _loop,
    "LoopWhile": _loop_while,
    "LoopGrowing": _loop_growing,
    "LoopShrinking": _loop_shrinking,
    "LoopOfRows": _loop_of_rows,
    "LoopOverFound": _loop_over_found,
    "Scan": _scan,
    "ScanOfBatch": _scan_of_batch,
}
