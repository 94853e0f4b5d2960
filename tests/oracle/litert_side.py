"""Runs a written .tflite in LiteRT through its signature, and checks the signature itself."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from oracle.onnx_side import exact

SIGNATURE = "serving_default"


class LiteRtModel:
    """One file in the stock interpreter: default resolver, default delegate, one thread."""

    def __init__(self, path: str, signature: str = SIGNATURE) -> None:
        self._path = path
        self._interpreter = _interpreter(path)
        self._runner = self._interpreter.get_signature_runner(signature)

    def port_problem(self, inputs: Sequence[str], outputs: Sequence[str]) -> str | None:
        """Names and order must be the source's. A name may be fetched once only: a graph may
        list the same output twice."""
        for kind, wanted, details, signature in (
            ("input", inputs, self._interpreter.get_input_details(), self.input_details()),
            ("output", outputs, self._interpreter.get_output_details(), self.output_details()),
        ):
            names = list(dict.fromkeys(wanted))
            if sorted(signature) != sorted(names):
                return f"signature {kind}s are {sorted(signature)}, the source has {names}"
            order = [signature[name]["index"] for name in names]
            if order != [d["index"] for d in details]:
                return f"{kind} order differs from the source's {names}"
        return None

    def input_details(self) -> dict[str, dict[str, Any]]:
        return self._runner.get_input_details()

    def output_details(self) -> dict[str, dict[str, Any]]:
        return self._runner.get_output_details()

    def run(self, feed: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        details = self.input_details()
        for name, value in feed.items():
            wanted = np.dtype(details[name]["dtype"])
            if wanted != value.dtype:
                raise TypeError(f"input '{name}' is {wanted}, the source has {value.dtype}")
        try:
            return {name: exact(value) for name, value in self._runner(**feed).items()}
        except ValueError as error:
            if "Invalid tensor size" not in str(error):
                raise
            return _read_each(self._interpreter, self.output_details())

    def run_twice(self, feed: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The second of two invocations as applications make them: sizes are set once, and nothing
        is allocated or reset in between (`run` does both each time)."""
        plain = _interpreter(self._path)  # one with a runner refuses to be invoked without it
        inputs, outputs = self.input_details(), self.output_details()
        for name, value in feed.items():
            plain.resize_tensor_input(inputs[name]["index"], value.shape)
        plain.allocate_tensors()
        for _ in range(2):
            for name, value in feed.items():
                if value.size:
                    plain.set_tensor(inputs[name]["index"], value)
            plain.invoke()
        return _read_each(plain, outputs)


def _interpreter(path: str) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    return Interpreter(model_path=path, num_threads=1)


def _read_each(interpreter: Any, outputs: dict[str, dict[str, Any]]) -> dict[str, np.ndarray]:
    """The binding can't read some empty outputs; their type and shape are all they are."""
    described = {d["index"]: d for d in interpreter.get_output_details()}
    values = {}
    for name, output in outputs.items():
        details = described[output["index"]]
        if 0 in details["shape"]:
            values[name] = np.zeros(details["shape"], details["dtype"])
        else:
            values[name] = exact(interpreter.get_tensor(details["index"]))
    return values
