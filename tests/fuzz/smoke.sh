#!/bin/bash
# Every fuzz target on a fixed number of seeded inputs; see README.md for longer runs.
#
#   smoke.sh BUILD_DIR MODEL.onnx
set -uo pipefail

build=$1
model=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
passed=0
failed=0

try() {  # try TARGET ARGUMENT...
  if "$build/tests/$1" "${@:2}"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED $* (exit status $?)"
  fi
}

"$build/bin/smelt-bench" convert "$model" -o "$folder/seed.tflite" >/dev/null
try fuzz_onnx_bytes --mutations 3000 "$model"
try fuzz_onnx_node --mutations 20000
try fuzz_tflite_bytes --mutations 20000 "$folder/seed.tflite"

header="{'descr': '>i4', 'fortran_order': True, 'shape': (2, 3), }        "
printf '\x93NUMPY\x01\x00\x'"$(printf %02x ${#header})"'\x00%s000011112222333344445555' "$header" \
  >"$folder/seed.npy"
try fuzz_array_bytes --mutations 20000 "$folder/seed.npy"
try fuzz_array_bytes --mutations 2000 "$(dirname "$0")/../models/digits_samples.npz"

echo "$passed passed, $failed failed"
((failed == 0))
