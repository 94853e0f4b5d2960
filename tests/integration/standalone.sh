#!/bin/bash
# `smelt convert --standalone`: the artifact is the library's, and nothing stays behind, also after
# an interrupt or when the daemon can't start.
#
#   standalone.sh BIN_DIR MODEL
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/checks.sh"

bin=$1
model=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export TMPDIR=$folder/tmp
mkdir "$TMPDIR"

nothing_left() { [[ -z $(ls -A "$TMPDIR") ]]; }
fails_with() {  # fails_with CODE COMMAND...
  local code=0
  "${@:2}" >"$folder/out" 2>&1 || code=$?
  [[ $code == "$1" ]]
}

"$bin/smelt-bench" convert "$model" -o "$folder/expected" >/dev/null
check "converts" "$bin/smelt" convert "$model" -o "$folder/artifact" --standalone --progress quiet
check "makes the library's bytes" cmp "$folder/artifact" "$folder/expected"
check "leaves nothing behind" nothing_left

inspects() {  # inspects FILE WORD: the document is JSON and holds the word
  "$bin/smelt" inspect "$1" --standalone --json --progress quiet >"$folder/description" &&
    python3 -m json.tool "$folder/description" >/dev/null && grep -q "$2" "$folder/description"
}
check "describes its artifact" inspects "$folder/artifact" '"format": "tflite"'
check "describes its source" inspects "$model" '"format": "onnx"'
check "refuses to describe what is no model" fails_with 1 \
  "$bin/smelt" inspect "${BASH_SOURCE[0]}" --standalone --progress quiet
check "leaves nothing behind" nothing_left

SMELTD_WORKERS=none SMELTD_LOG_LEVEL=loud SMELTD_WORKER_BINARY=/nonexistent \
  check "ignores the variables of another daemon" \
  "$bin/smelt" convert "$model" -o "$folder/artifact" --standalone --progress quiet

interrupted() {
  "$bin/smelt" convert "$model" -o "$folder/other" --standalone >"$folder/out" 2>&1 &
  local process=$!
  for _ in $(seq 500); do
    [[ -n $(ls -A "$TMPDIR") ]] && break
    sleep 0.01
  done
  kill -INT "$process"
  local code=0
  wait "$process" || code=$?
  # It may have been done before the signal came.
  [[ $code == 130 || $code == 0 ]]
}
check "can be interrupted" interrupted
check "leaves nothing behind then" nothing_left

mkdir "$folder/alone"
cp "$bin/smelt" "$folder/alone/"
check "says when there is no smeltd" \
  fails_with 7 env PATH=/nowhere "$folder/alone/smelt" convert "$model" --standalone -o "$folder/x"
check "and leaves nothing behind" nothing_left

cp "$bin/smeltd" "$folder/alone/"  # without its worker
check "fails with a daemon that can't start" \
  fails_with 7 "$folder/alone/smelt" convert "$model" --standalone -o "$folder/x"
check "says the daemon's own error" grep -q "error: .*smelt-worker: No such file" "$folder/out"
check "and leaves nothing behind either" nothing_left

echo "$passed passed, $failed failed"
((failed == 0))
