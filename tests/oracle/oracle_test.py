#!/usr/bin/env python3
"""The judges must be able to say no.

    oracle_test.py [SMELT_BENCH]     # with it, also on written files
"""

from __future__ import annotations

import os
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import onnx
from onnx import helper

from oracle.converter import Converter
from oracle.exact import BY_EXACT, BY_ROUNDING, exact_results, settle
from oracle.forked import Died, run_each
from oracle.judge import Verdict, Work, judge, judge_each
from oracle.litert_side import LiteRtModel
from oracle.tolerance import compare
from property.cases import CaseRange, write_cases

BENCH = sys.argv[1] if len(sys.argv) > 1 else ""


def _float(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


class Tolerance(unittest.TestCase):
    def test_types_and_shapes_must_be_equal(self) -> None:
        scalar = np.array(1, np.float32)
        self.assertIsNotNone(compare(scalar.reshape(1), scalar, "property").problem)
        self.assertIsNotNone(compare(scalar.astype(np.float64), scalar, "property").problem)
        self.assertIsNone(compare(scalar, scalar, "property").problem)

    def test_floats(self) -> None:
        reference = _float(1000.0, 1e-7)
        self.assertIsNone(compare(_float(1000.9, 5e-6), reference, "property").problem)
        self.assertIsNotNone(compare(_float(1001.1, 1e-7), reference, "property").problem)
        self.assertIsNotNone(compare(_float(1000.0, 2e-5), reference, "property").problem)

    def test_zoo_bound_is_of_the_span(self) -> None:
        reference = _float(100.0, 101.0)
        self.assertIsNone(compare(_float(100.00008, 101.0), reference, "zoo").problem)
        self.assertIsNotNone(compare(_float(100.0002, 101.0), reference, "zoo").problem)

    def test_special_values_have_their_places(self) -> None:
        reference = _float(np.nan, np.inf, 1.0)
        self.assertIsNone(compare(reference.copy(), reference, "property").problem)
        self.assertIsNotNone(compare(_float(1.0, np.inf, 1.0), reference, "property").problem)
        self.assertIsNotNone(compare(_float(np.nan, -np.inf, 1.0), reference, "property").problem)
        self.assertIsNotNone(compare(_float(np.nan, np.inf, np.nan), reference, "property").problem)

    def test_constant_and_nan_prove_nothing(self) -> None:
        for dull in (_float(2, 2, 2), _float(np.nan, np.nan)):
            self.assertTrue(compare(dull, dull, "property").trivial)


class Exact(unittest.TestCase):
    def test_a_model_in_double(self) -> None:
        graph = helper.make_graph(
            [
                helper.make_node("Add", ["x", "w"], ["t"]),
                helper.make_node("Cast", ["t"], ["y"], to=10),
            ],
            "g",
            [helper.make_tensor_value_info("x", 1, [1])],
            [helper.make_tensor_value_info("y", 10, [1])],
            [helper.make_tensor("w", 1, [1], [1.0])],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
        (exact,) = exact_results(model, ["y"], {"x": _float(2.0**-40)})
        self.assertEqual(exact.dtype, np.float64)
        self.assertEqual(exact[0], 1.0 + 2.0**-40)

    def test_what_happens_inside_is_in_double_too(self) -> None:
        x = np.array([[4.1918755, 4.3179035]], np.float32)
        graph = helper.make_graph(
            [
                helper.make_node(
                    "GroupNormalization", ["x", "w", "b"], ["y"], num_groups=1, epsilon=0.0
                )
            ],
            "g",
            [helper.make_tensor_value_info("x", 1, [1, 1, 2])],
            [helper.make_tensor_value_info("y", 1, [1, 1, 2])],
            [helper.make_tensor("w", 1, [1], [1.0]), helper.make_tensor("b", 1, [1], [0.0])],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)])
        (exact,) = exact_results(model, ["y"], {"x": x[np.newaxis]})
        np.testing.assert_allclose(exact, [[[-1.0, 1.0]]], rtol=1e-9)

    def test_resizing_of_before_opset_11(self) -> None:
        scales = [1.0, 1.0, 1.0, 1.5]
        operand = helper.make_tensor("s", 1, [4], scales)
        x = np.array([[[[0.0, 3.0]]]], np.float32)
        for opset, name, inputs, attributes in (
            (7, "Upsample", ["x"], {"scales": scales}),
            (9, "Upsample", ["x", "s"], {}),
            (10, "Resize", ["x", "s"], {}),
        ):
            graph = helper.make_graph(
                [helper.make_node(name, inputs, ["y"], mode="linear", **attributes)],
                "g",
                [helper.make_tensor_value_info("x", 1, [1, 1, 1, 2])],
                [helper.make_tensor_value_info("y", 1, [1, 1, 1, 3])],
                [operand] if len(inputs) == 2 else [],
            )
            model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
            (exact,) = exact_results(model, ["y"], {"x": x})
            np.testing.assert_allclose(exact, [[[[0.0, 2.0, 3.0]]]], rtol=1e-12)

    def test_beyond_the_reference_but_not_beyond_the_exact_result(self) -> None:
        exact = np.array([1000.0, 1e-4])
        reference = _float(1000.0, 2e-4)
        self.assertEqual(settle(_float(1000.0, 1.05e-4), reference, exact), BY_EXACT)
        self.assertEqual(settle(_float(1000.0, 5e-5), reference, exact), BY_ROUNDING)
        self.assertIsNone(settle(_float(1000.0, -1e-4), reference, exact))
        self.assertIsNone(settle(_float(1002.0, 1e-4), reference, exact))
        self.assertIsNone(settle(_float(1000.0, np.nan), reference, exact))

    def test_a_wrong_reference_excuses_nothing(self) -> None:
        for dtype in (np.float32, np.float16):
            exact = np.array([1.0, 2.0])
            reference = np.array([1.0, 2.015], dtype)
            self.assertEqual(settle(np.array([1.0, 2.0], dtype), reference, exact), BY_EXACT)
            self.assertIsNone(settle(np.array([1.0, 2.01], dtype), reference, exact))

    def test_integers_equal_the_exact_ones(self) -> None:
        exact = np.array([7, -300], np.int32)
        reference = np.array([7, -299], np.int32)
        self.assertEqual(settle(np.array([7, -300], np.int32), reference, exact), BY_EXACT)
        self.assertIsNone(settle(np.array([8, -300], np.int32), reference, exact))
        self.assertIsNone(settle(np.array([7, -300], np.int64), reference, exact))

    def test_where_the_engines_mean_different_things_the_reference_is_right(self) -> None:
        exact = np.array([1.0, 2.0])
        self.assertIsNone(settle(_float(1.0, 2.0), _float(1.0, 3.0), exact))

    def test_a_reference_that_overflows_excuses_nothing(self) -> None:
        exact = np.array([1.0, 2.0])
        self.assertEqual(settle(_float(1.0, 2.0), _float(np.nan, 2.0), exact), BY_EXACT)
        self.assertIsNone(settle(_float(3.0, 2.0), _float(np.nan, 2.0), exact))


def _behave(how: str) -> str:
    if how == "abort":
        os.abort()
    if how == "raise":
        raise ValueError("no")
    while how == "hang":
        pass
    return how


class Forked(unittest.TestCase):
    def test_a_dead_child_is_a_result_and_hurts_no_other(self) -> None:
        answers = dict(run_each(_behave, ["abort", "fine", "raise", "hang"], timeout=1.0))
        self.assertEqual(answers["fine"], "fine")
        for how, word in (("abort", "SIGABRT"), ("raise", "no"), ("hang", "timed out")):
            self.assertIsInstance(answers[how], Died)
            self.assertIn(word, str(answers[how]))


class Generators(unittest.TestCase):
    def test_a_case_is_replayed_by_its_number(self) -> None:
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
            first = write_cases(CaseRange("Conv", 5, 0, 10, one))[7]
            second = write_cases(CaseRange("Conv", 5, 7, 8, two))[0]
            for path in ("onnx_path", "inputs_path"):
                a, b = Path(getattr(first, path)), Path(getattr(second, path))
                self.assertEqual(a.read_bytes(), b.read_bytes())


def _model(folder: Path, op: str, x: str = "x", y: str = "y", size: int | str = 4) -> str:
    graph = helper.make_graph(
        [helper.make_node(op, [x], [y])],
        "g",
        [helper.make_tensor_value_info(x, 1, [size])],
        [helper.make_tensor_value_info(y, 1, [size])],
    )
    path = folder / f"{op}_{x}_{y}.onnx"
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.save(model, path)
    return str(path)


class WrittenFiles(unittest.TestCase):
    """One written file, held against models that it is and is not a conversion of."""

    def setUp(self) -> None:
        if not BENCH:
            self.skipTest("needs smelt-bench")
        self._scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self._scratch.cleanup)
        self.folder = Path(self._scratch.name)
        self.inputs = str(self.folder / "inputs.npz")
        np.savez(self.inputs, **{"0_0": _float(-1, 2, -3, 4)})
        self.tflite = str(self.folder / "relu.tflite")
        pairs = [(_model(self.folder, "Relu"), self.tflite)]
        self.assertEqual(Converter(BENCH).convert(pairs)[0].state, "succeeded")

    def verdict(self, source: str) -> Verdict:
        work = Work("test", source, self.tflite, self.inputs)
        return next(v for _, v in judge_each([work]))

    def test_right(self) -> None:
        self.assertEqual(self.verdict(_model(self.folder, "Relu")).state, "right")

    def test_other_values_are_wrong(self) -> None:
        found = self.verdict(_model(self.folder, "Abs"))
        self.assertEqual(found.state, "wrong")
        self.assertIn("elements differ", found.detail)

    def test_a_second_invocation_must_be_right_too(self) -> None:
        remembers = {"y": _float(0, 4, 0, 8)}
        work = Work("test", _model(self.folder, "Relu"), self.tflite, self.inputs)
        with mock.patch.object(LiteRtModel, "run_twice", lambda *_: remembers):
            found = judge(work)
        self.assertEqual(found.state, "wrong")
        self.assertIn("a second time", found.detail)

    def test_other_names_are_wrong(self) -> None:
        for names in (("z", "y"), ("x", "z")):
            found = self.verdict(_model(self.folder, "Relu", *names))
            self.assertEqual(found.state, "wrong")
            self.assertIn("signature", found.detail)

    def test_an_output_that_hardly_varies_is_no_proof(self) -> None:
        same = {f"{i}_0": _float(-1, 2, -3, 4) for i in range(4)}
        np.savez(self.inputs, **same)
        work = Work("test", _model(self.folder, "Relu"), self.tflite, self.inputs, "zoo")
        self.assertEqual(judge(work).state, "invalid")

    def test_sets_of_different_sizes_vary_only_among_their_like(self) -> None:
        path = _model(self.folder, "Relu", size="n")
        work = Work("test", path, None, self.inputs, "zoo")
        sets = [_float(-1, 2, -3, 4), _float(-1, 2, -3, 4), _float(5, 6), _float(5, 6)]
        np.savez(self.inputs, **{f"{i}_0": value for i, value in enumerate(sets)})
        self.assertEqual(judge(work).state, "invalid")
        sets[3] = _float(1, 6)
        np.savez(self.inputs, **{f"{i}_0": value for i, value in enumerate(sets)})
        self.assertEqual(judge(work).state, "right")


def main() -> int:
    outcome = unittest.main(exit=False, argv=[sys.argv[0]]).result
    failed = len(outcome.failures) + len(outcome.errors)
    print(f"{outcome.testsRun - failed - len(outcome.skipped)} passed, {failed} failed")
    return 1 if failed or outcome.testsRun == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
