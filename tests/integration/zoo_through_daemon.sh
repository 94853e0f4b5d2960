#!/usr/bin/env bash
# Converts models through a real daemon and its client.
#   zoo_through_daemon.sh BIN_DIR OUT_DIR MODEL...
# writes OUT_DIR/NAME.tflite for each, prints one line a model and the daemon's log where something
# failed, and stops the daemon it started. NAME.dims beside a model has NAME=SIZE for its symbolic
# dimensions, one a line.
set -uo pipefail
bin=$1
out=$2
shift 2

scratch=$(mktemp -d)
address="unix:$scratch/smeltd.sock"
"$bin/smeltd" --listen "$address" --state-dir "$scratch/state" --metrics 127.0.0.1:0 --workers 2 --drain-delay 0 \
  >"$scratch/log" 2>&1 &
daemon=$!
finish() {
  kill -TERM "$daemon" 2>/dev/null
  wait "$daemon" 2>/dev/null
  rm -rf "$scratch"
}
trap finish EXIT

ready() { "$bin/smelt" --server "$address" server info >/dev/null 2>&1; }
for _ in $(seq 150); do
  if ready || ! kill -0 "$daemon" 2>/dev/null; then break; fi
  sleep 0.2
done
if ! ready; then
  echo "smeltd does not answer at $address"
  cat "$scratch/log"
  echo "0 passed, $# failed"
  exit 1
fi

passed=0
failed=0
for model in "$@"; do
  name=$(basename "$model" .onnx)
  rm -f "$out/$name.tflite"
  options=(-o "$out/$name.tflite")
  if [[ -f ${model%.onnx}.dims ]]; then
    while read -r size; do options+=(--dim "$size"); done <"${model%.onnx}.dims"
  fi
  if "$bin/smelt" --server "$address" convert "$model" "${options[@]}" >"$scratch/answer" 2>&1; then
    passed=$((passed + 1))
    echo "ok     convert $name"
  else
    failed=$((failed + 1))
    echo "FAILED convert $name (exit status $?)"
    cat "$scratch/answer"
  fi
done
if kill -0 "$daemon" 2>/dev/null; then
  passed=$((passed + 1))
else
  failed=$((failed + 1))
  echo "FAILED the daemon died"
fi
if ((failed)); then tail -n 50 "$scratch/log"; fi
echo "$passed passed, $failed failed"
((failed == 0))
