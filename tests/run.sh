#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test.
#
#   tests/run.sh [--require-oracles] [--preset PRESET]...
#
# Unit, contract and fault tests run on each PRESET (default: asan-ubsan). The outside oracles
# (LiteRT, ONNX Runtime) judge what the release build writes; where their Python packages can't be
# installed those tests are skipped and counted, and with --require-oracles that is a failure.
# The last line says `N passed, N failed`; the exit status is 0 when nothing failed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

require_oracles=0
presets=()
while (($#)); do
  case $1 in
    --require-oracles) require_oracles=1 ;;
    --preset)
      presets+=("${2:?--preset needs a name}")
      shift
      ;;
    -h | --help)
      sed -n '2,10s/^# \{0,1\}//p' "$0"
      exit 0
      ;;
    *)
      echo "unknown argument: $1" >&2
      exit 2
      ;;
  esac
  shift
done
if ((${#presets[@]} == 0)); then presets=(asan-ubsan); fi

passed=0
failed=0
failures=()
jobs=$(nproc)
results=build/test-results
log=$results/current.log
began=$SECONDS

note() { printf '\n== %s (%d s)\n' "$*" $((SECONDS - began)); }

count() { # PASSED FAILED LABEL
  passed=$((passed + $1))
  failed=$((failed + $2))
  if (($2)); then failures+=("$3: $2 failed"); fi
}

# A command that is one test.
step() { # LABEL COMMAND...
  local label=$1
  shift
  note "$label"
  if "$@"; then count 1 0 "$label"; else count 0 1 "$label"; fi
}

# A command that counts its own tests: its last `N passed, N failed` counts. It fails as one test
# when it dies before that line, or claims success with a failing exit status.
suite() { # LABEL COMMAND...
  local label=$1 status line
  shift
  note "$label"
  "$@" 2>&1 | tee "$log"
  status=${PIPESTATUS[0]}
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1)
  if [[ -z $line ]]; then
    count 0 1 "$label (exit status $status)"
    return
  fi
  local good bad
  read -r good _ bad _ <<<"$line"
  if ((status != 0 && bad == 0)); then bad=1; fi
  count "$good" "$bad" "$label"
}

build() { # PRESET [TARGET...]
  cmake --preset "$1" >"$results/configure-$1.log" 2>&1 || {
    tail -n 40 "$results/configure-$1.log"
    return 1
  }
  ninja -C "build/$1" -j "$jobs" "${@:2}"
}

unit_tests() { # PRESET
  local line total
  ctest --preset "$1" -j "$jobs" 2>&1 | tee "$results/ctest-$1.log"
  line=$(grep -E 'tests passed, [0-9]+ tests? failed out of' "$results/ctest-$1.log" | tail -n 1)
  if [[ ! $line =~ ([0-9]+)\ tests?\ failed\ out\ of\ ([0-9]+) ]]; then return 1; fi
  total=${BASH_REMATCH[2]}
  echo "$((total - BASH_REMATCH[1])) passed, ${BASH_REMATCH[1]} failed"
  ((total > 0 && BASH_REMATCH[1] == 0))
}

# The environment of the oracles, made anew when the pinned versions change.
make_venv() {
  if cmp -s tests/requirements.txt .venv/requirements.txt && .venv/bin/python -c 'import \
numpy, onnx, onnxruntime, ai_edge_litert.interpreter' >/dev/null 2>&1; then
    return 0
  fi
  rm -rf .venv
  python3 -m venv .venv &&
    .venv/bin/pip install --quiet --disable-pip-version-check -r tests/requirements.txt &&
    cp tests/requirements.txt .venv/requirements.txt
}

integer_cases=10 # random files of each kernel and element type

oracle_tests() { # how many tests need the oracles
  local rules zoo manifest probes kernels
  rules=$(grep -hE '^    "[A-Z][A-Za-z0-9]*": _' tests/property/families/*.py | wc -l)
  zoo=$(grep -cE '^    "[a-z0-9_]+": [a-z0-9_]+\.' tests/models/zoo.py)
  manifest=$(grep -cv '^#' tests/conformance/expected.txt)
  probes=$({ build/release/tests/write_probe --list; ls tests/probe/variants; } | wc -l)
  # Element types of each integer kernel.
  kernels=$(sed -n 's/.*\b\(ONLY8\|BOTH\|ALL\)),$/\1/p' tests/oracle/quantized_cases.py |
    sed 's/ONLY8/1/;s/BOTH/2/;s/ALL/3/' | paste -sd+)
  echo $((rules + zoo + 1 + manifest + 1 + probes + (kernels) * integer_cases + 5))
}

mkdir -p "$results"
# shellcheck source=/dev/null
source deploy/packages.sh
note "packages"
smelt_install_packages "${SMELT_BUILD_PACKAGES[@]}" "${SMELT_TEST_PACKAGES[@]}" || exit 1

step "include directions and sizes" python3 tests/lint/check_includes.py
suite "the lint itself" python3 tests/lint/lint_test.py
step "format" tests/lint/check_format.sh

for preset in "${presets[@]}"; do
  step "build $preset" build "$preset"
  suite "unit tests on $preset" unit_tests "$preset"
  suite "fuzz smoke on $preset" tests/fuzz/smoke.sh "build/$preset" tests/models/digits_cnn.onnx
done

# What ships, and the bench; the unit tests ran on the presets above.
step "build release" build release smeltd smelt-worker smelt smelt-bench write_probe run_model
step "generated pages" tests/lint/check_generated.sh build/release/bin/smelt-worker

note "oracles"
if make_venv; then
  python=.venv/bin/python
  bench=build/release/bin/smelt-bench
  mkdir -p "$results/zoo"
  rm -f "$results"/zoo/*
  suite "the judges themselves" "$python" tests/oracle/oracle_test.py "$bench"
  suite "target profile in LiteRT" "$python" tests/oracle/probe_profile.py \
    --tool build/release/tests/write_probe --jobs "$jobs"
  suite "integer kernels and LiteRT's" "$python" tests/oracle/probe_quantized.py \
    --tool build/release/tests/run_model --count "$integer_cases" --jobs "$jobs"
  suite "constants behind the FlatBuffer" "$python" tests/integration/offset_buffers.py "$bench" \
    tests/models/digits_cnn.onnx tests/models/digits_samples.npz
  suite "zoo models" "$python" tests/models/zoo.py --out "$results/zoo"
  suite "conversions through the daemon" tests/integration/zoo_through_daemon.sh \
    build/release/bin "$results/zoo" "$results"/zoo/*.onnx tests/models/digits_cnn.onnx
  suite "a daemon of one's own" tests/integration/standalone.sh build/release/bin \
    tests/models/digits_cnn.onnx
  suite "several signatures" "$python" tests/integration/signatures.py build/release/bin
  suite "kept composites" "$python" tests/integration/composites.py build/release/bin
  suite "accuracy reports" "$python" tests/integration/accuracy_report.py build/release/bin \
    tests/models/digits_cnn.onnx "$results/zoo/squeezenet.onnx"
  suite "calibration data" "$python" tests/integration/calibration.py build/release/bin
  suite "artifacts in parts" "$python" tests/integration/split_models.py build/release/bin \
    tests/models/digits_cnn.onnx "$results"/zoo/{bert,lstm_tagger,mobilenet_v3_small,resnet18}.onnx
  suite "descriptions of files" "$python" tests/integration/inspect_models.py build/release/bin \
    tests/models/digits_cnn.onnx "$results"/zoo/{bert,lstm_tagger,mobilenet_v2}.onnx
  suite "standard streams" tests/integration/streams.sh build/release/bin
  suite "truncated models" "$python" tests/integration/truncated_models.py build/release/bin \
    tests/models/digits_cnn.onnx
  suite "twenty clients" "$python" tests/integration/many_clients.py build/release/bin \
    "$results/zoo" "$results"/zoo/*.onnx tests/models/digits_cnn.onnx
  suite "zoo in LiteRT" "$python" tests/models/judge_zoo.py --dir "$results/zoo"
  suite "trained CNN in LiteRT" "$python" tests/models/judge_zoo.py \
    --digits "$results/zoo/digits_cnn.tflite"
  suite "int8 weights in LiteRT" "$python" tests/integration/dynamic_range.py \
    build/release/bin "$results/zoo"
  suite "integer activations in LiteRT" "$python" tests/integration/integer_precision.py \
    build/release/bin "$results/zoo"
  suite "rule properties" "$python" tests/property/run.py --smelt-convert "$bench" \
    --cases 50 --seed 1 --jobs "$jobs"
  suite "conformance" "$python" tests/conformance/run.py --smelt-convert "$bench" --jobs "$jobs"
else
  skipped=$(oracle_tests)
  echo "The oracles can't be installed: $skipped tests are skipped."
  if ((require_oracles)); then count 0 "$skipped" "oracles (required, not installed)"; fi
fi

note "summary"
for line in ${failures[@]+"${failures[@]}"}; do echo "FAILED $line"; done
echo "$passed passed, $failed failed"
((failed == 0))
