"""The tree's rules as data: who may include whom, who owns which header, and how long a file is."""

from __future__ import annotations

# What a folder of core may include, beside itself and core/base. The longest matching folder
# counts: core/import/onnx/ops is judged as core/import/onnx.
CORE = {
    "core/base": set(),
    "core/ir": set(),
    "core/rules": {"core/ir"},
    "core/interp": {"core/ir"},
    "core/target": {"core/ir"},
    "core/flat": {"core/ir"},
    "core/vnnx": {"core/ir"},
    "core/import/onnx": {"core/ir", "core/rules", "core/interp"},
    "core/import/stablehlo": {"core/ir", "core/rules", "core/interp"},
    "core/import/tflite": {"core/ir", "core/rules", "core/interp", "core/flat"},
    "core/passes": {"core/ir", "core/rules", "core/interp", "core/target"},
    "core/export/tflite": {"core/ir", "core/rules", "core/interp", "core/target", "core/flat"},
    "core/export/onnx": {"core/ir", "core/rules", "core/interp", "core/target"},
    "core/export/vnnx": {"core/ir", "core/rules", "core/interp", "core/target", "core/vnnx"},
    "core/report": {"core/ir", "core/rules", "core/target"},
    "core/calibrate": {"core/ir", "core/interp"},
    # Everything meets here.
    "core/convert": {"core"},
}
# Only these parts of core may include generated protobuf headers of ours.
CORE_PROTO = ("core/report", "core/convert")

# Below server: beside core/base, proto and the folder itself.
SERVER = {
    "server/jobs": set(),
    "server/app": {"server"},
    "server/runner": {"server", "core/convert"},
    "server": {"server"},
}
# Nothing includes the place that wires, nor the program that converts.
SERVER_LEAVES = ("server/app", "server/runner")

CLIENT = {"client": {"client"}}

# A third-party header has one owner: prefix of the include -> folders.
OWNERS = {
    "grpcpp/": ("server/rpc", "client/net"),
    "grpc/": ("server/rpc", "client/net"),
    "sqlite3.h": ("server/local",),
    "prometheus/": ("server/metrics",),
    "onnx/": ("core/import/onnx",),
    "flatbuffers/": ("core/flat", "core/import/tflite"),
    "spdlog/": ("core/base",),
    "openssl/": ("core/base",),
    "seccomp.h": ("server/runner", "server/workers"),
    "Eigen/": ("core/interp",),
    "zip.h": ("core/calibrate",),
    "dnnl": ("core/interp",),
    "oneapi/": ("core/interp",),
    "nats/": ("server/cluster",),
    "CLI/": ("server/config", "server/app", "server/runner", "client"),
    "boost/": ("server", "client"),
    "google/protobuf/": ("core/import/onnx", "core/report", "core/convert", "server", "client"),
}
# Generated service stubs pull gRPC in.
GRPC_STUB_OWNERS = ("server/rpc", "client/net")

# Lines: where to look, endings, limit.
LENGTHS = (
    (("core", "server", "client"), (".h",), 200),
    (("core", "server", "client"), (".cc",), 400),
    (("tests",), (".h", ".cc", ".py", ".sh"), 600),
)
COLUMNS = 100

TOP_LEVEL = {
    "CMakeLists.txt",
    "CMakePresets.json",
    "LICENSE",
    "README.md",
    "client",
    "core",
    "deploy",
    "docker",
    "proto",
    "server",
    "tests",
}
# Made by tools and ignored by git.
TOP_LEVEL_IGNORED = {"build"}

# Names that say nothing about what a thing does.
EMPTY_NAMES = ("Manager", "Helper", "Helpers", "Util", "Utils")

# What must not be written anywhere: absolute paths of one machine, hosts of package registries.
# In pieces, so that this file passes.
FORBIDDEN = (
    "/wo" + "rk/",
    "py" + "pi.org",
    "pytho" + "nhosted",
    "crat" + "es.io",
    "registry.np" + "mjs",
    "proxy.gol" + "ang",
    "docker" + ".io/",
    "Cla" + "ude",
    "Anthro" + "pic",
)
