"""Finds ONNX's own backend tests: those that Debian ships, and those of the pinned onnx package.

Each becomes a model file and an .npz with inputs and the test's own expected outputs. Debian's node
tests of several inputs are there twice: once more with all inputs but the first as initializers, as
exporters write weights, sizes and axes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator, Sequence

import numpy as np
import onnx
from onnx import numpy_helper

from oracle.onnx_side import BFLOAT16, as_declared, carried, source_ports

DEBIAN = Path("/usr/share/libonnx-testdata/data")
FOLDERS = ("node", "pytorch-converted", "pytorch-operator", "simple", "light")


@dataclass
class Test:
    """One test. `unjudged` says why its data can't be compared, where that is so."""

    name: str
    onnx_path: str
    inputs_path: str
    unjudged: str = ""


def collect(folder: Path) -> list[Test]:
    """All tests, sorted by name; files are written to `folder`."""
    groups = (_debian, _debian_constant, _package_files, _package_nodes)
    return sorted((t for group in groups for t in group(folder)), key=lambda t: t.name)


def _debian(folder: Path) -> Iterator[Test]:
    for kind in FOLDERS:
        for path in sorted((DEBIAN / kind).glob("test_*/model.onnx")):
            yield _from_files(f"debian/{kind}/{path.parent.name}", path, folder)


def _debian_constant(folder: Path) -> Iterator[Test]:
    for path in sorted((DEBIAN / "node").glob("test_*/model.onnx")):
        model = onnx.load(path)
        if len(source_ports(model)[0]) < 2:
            continue
        data = path.parent / "test_data_set_0"
        _make_constant(model, data)
        name = f"debian-constant/{path.parent.name}"
        target = _file(folder, name, ".onnx")
        onnx.save(model, target)
        try:
            sets = [(_read(data, "input")[:1], _read(data, "output"))]
        except Exception as error:
            yield Test(name, str(target), "", f"data: {type(error).__name__}")
            continue
        yield _finish(name, target, model, sets, folder)


def _make_constant(model: onnx.ModelProto, data: Path) -> None:
    """All tensors among the inputs but the first become initializers with the test's values. IR
    versions below 4 list them as inputs all the same."""
    for index, value in enumerate(list(model.graph.input)):
        if index == 0 or not value.type.HasField("tensor_type"):
            continue
        tensor = onnx.TensorProto()
        tensor.ParseFromString((data / f"input_{index}.pb").read_bytes())
        if tensor.data_type != value.type.tensor_type.elem_type:
            tensor = _as_declared_type(tensor, value)
        tensor.name = value.name
        model.graph.initializer.append(tensor)
        if model.ir_version >= 4:
            model.graph.input.remove(value)


def _as_declared_type(tensor: onnx.TensorProto, value: onnx.ValueInfoProto) -> onnx.TensorProto:
    """Some tests store bfloat16 as its bits or as float32."""
    array = as_declared(numpy_helper.to_array(tensor), value)
    number = value.type.tensor_type.elem_type
    return numpy_helper.from_array(array.astype(onnx.helper.tensor_dtype_to_np_dtype(number)))


def _package_files(folder: Path) -> Iterator[Test]:
    """Tests that the package stores. Its "light" models have no data but their inputs' seeds."""
    data = Path(onnx.__file__).parent / "backend" / "test" / "data"
    for kind in FOLDERS:
        for path in sorted((data / kind).glob("test_*/model.onnx")):
            yield _from_files(f"onnx/{kind}/{path.parent.name}", path, folder)


def _package_nodes(folder: Path) -> Iterator[Test]:
    """The node tests, which the package makes on demand."""
    from onnx.backend.test.case.node import collect_testcases

    with np.errstate(all="ignore"):
        cases = collect_testcases(None)
    for case in {c.name: c for c in cases}.values():
        name = f"onnx/node/{case.name}"
        path = _file(folder, name, ".onnx")
        onnx.save(case.model, path)
        sets = [([_plain(v) for v in i], [_plain(v) for v in o]) for i, o in case.data_sets]
        yield _finish(name, path, case.model, sets, folder)


def _plain(value: Any) -> Any:
    if isinstance(value, onnx.TensorProto):
        return numpy_helper.to_array(value)
    return np.asarray(value) if isinstance(value, np.generic) else value


def _file(folder: Path, name: str, ending: str) -> Path:
    return folder / (name.replace("/", "__") + ending)


def _from_files(name: str, path: Path, folder: Path) -> Test:
    model = onnx.load(path)
    sets = []
    for data in sorted(path.parent.glob("test_data_set_*")):
        try:
            sets.append((_read(data, "input"), _read(data, "output")))
        except Exception as error:  # sequences and optionals are stored as other messages
            return Test(name, str(path), "", f"data: {type(error).__name__}")
    return _finish(name, path, model, sets, folder)


def _read(data: Path, kind: str) -> list[np.ndarray]:
    values = []
    for index in range(len(list(data.glob(f"{kind}_*.pb")))):
        tensor = onnx.TensorProto()
        tensor.ParseFromString((data / f"{kind}_{index}.pb").read_bytes())
        values.append(numpy_helper.to_array(tensor))
    return values


def _finish(
    name: str,
    path: Path,
    model: onnx.ModelProto,
    sets: Sequence[tuple[list[Any], list[Any]]],
    folder: Path,
) -> Test:
    inputs, outputs = source_ports(model)
    if not sets:
        return Test(name, str(path), "", "no data")
    arrays: dict[str, np.ndarray] = {}
    for number, (given, expected) in enumerate(sets):
        if len(given) != len(inputs) or len(expected) != len(outputs):
            return Test(name, str(path), "", "data does not fit the graph")
        for index, value in enumerate(given):
            arrays[f"{number}_{index}"] = value
        for index, value in enumerate(expected):
            arrays[f"out_{number}_{index}"] = value
    for value in arrays.values():
        # Strings, float8 and the types below a byte: no judge's binding carries them.
        known = isinstance(value, np.ndarray) and (value.dtype == BFLOAT16 or _plain_kind(value))
        if not known:
            kind = value.dtype.name if isinstance(value, np.ndarray) else type(value).__name__
            return Test(name, str(path), "", f"value of type {kind}")
        if value.dtype == np.float64 and _beyond_float32(value):
            return Test(name, str(path), "", "doubles beyond float32")
    target = _file(folder, name, ".npz")
    np.savez(target, **{k: carried(v) for k, v in arrays.items()})
    return Test(name, str(path), str(target))


def _beyond_float32(value: np.ndarray) -> bool:
    """Some tests were stored with memory for data. TFLite computes on doubles in float32, where
    such numbers are zeros and infinities."""
    size = np.abs(value[np.isfinite(value) & (value != 0)])
    limits = np.finfo(np.float32)
    return bool(((size > limits.max) | (size < limits.tiny)).any())


def _plain_kind(value: np.ndarray) -> bool:
    return value.dtype.isbuiltin == 1 and value.dtype.kind in "biuf"
