#!/usr/bin/env python3
"""The lint must see what it is for: each rule is broken once here."""

from __future__ import annotations

import sys
import unittest

from check_includes import code_problems, include_problem, length_problems


class IncludeDirections(unittest.TestCase):
    def broken(self, folder: str, include: str) -> None:
        self.assertIsNotNone(include_problem(folder, include), f"{folder} includes {include}")

    def allowed(self, folder: str, include: str) -> None:
        self.assertIsNone(include_problem(folder, include), f"{folder} includes {include}")

    def test_core_points_downwards(self) -> None:
        self.broken("core/base", "core/ir/graph.h")
        self.broken("core/ir", "core/rules/rule.h")
        self.broken("core/rules", "core/interp/evaluate.h")
        self.broken("core/import/onnx/ops", "core/export/tflite/writer.h")
        self.broken("core/import/onnx", "core/import/tflite/reader.h")
        self.broken("core/import/onnx", "core/target/profile.h")
        self.broken("core/export/tflite", "core/passes/pass.h")
        self.allowed("core/import/onnx/ops", "core/import/onnx/checks.h")
        self.allowed("core/passes/legalize", "core/target/profile.h")
        self.allowed("core/convert", "core/export/tflite/writer.h")

    def test_server_and_client_know_base_only(self) -> None:
        self.broken("server/rpc", "core/convert/convert.h")
        self.broken("server/workers", "core/ir/graph.h")
        self.broken("client/commands", "core/convert/convert.h")
        self.broken("client/commands", "server/jobs/job.h")
        self.broken("core/convert", "server/jobs/job.h")
        self.allowed("server/runner", "core/convert/convert.h")
        self.allowed("client/net", "core/base/status.h")

    def test_jobs_is_pure_policy(self) -> None:
        self.broken("server/jobs", "server/local/sqlite_store.h")
        self.broken("server/jobs", "grpcpp/grpcpp.h")
        self.broken("server/jobs", "sqlite3.h")
        self.broken("server/jobs", "smelt/v1/jobs.grpc.pb.h")
        self.allowed("server/jobs", "smelt/v1/jobs.pb.h")

    def test_headers_have_owners(self) -> None:
        self.broken("core/ir", "spdlog/spdlog.h")
        self.broken("core/export/tflite", "flatbuffers/flatbuffers.h")
        self.broken("core/interp", "onnx/onnx_pb.h")
        self.broken("core/passes", "smelt/v1/report.pb.h")
        self.broken("server/app", "prometheus/counter.h")
        self.allowed("server/rpc", "grpcpp/grpcpp.h")
        self.allowed("core/report", "smelt/v1/report.pb.h")

    def test_unlisted_folder_of_core_is_a_problem(self) -> None:
        self.broken("core/misc", "core/base/status.h")


class Sources(unittest.TestCase):
    def test_empty_names(self) -> None:
        found = list(code_problems("core/ir/x.cc", ["class Graph" + "Manager {"]))
        self.assertEqual(len(found), 1)

    def test_lengths(self) -> None:
        self.assertEqual(len(list(length_problems("core/ir/x.h", [""] * 201))), 1)
        self.assertEqual(len(list(length_problems("core/ir/x.cc", [""] * 400))), 0)
        self.assertEqual(len(list(length_problems("core/ir/x.cc", ["x" * 101]))), 1)


def main() -> int:
    outcome = unittest.main(exit=False, argv=[sys.argv[0]]).result
    failed = len(outcome.failures) + len(outcome.errors)
    print(f"{outcome.testsRun - failed} passed, {failed} failed")
    return 1 if failed or outcome.testsRun == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
