#!/bin/bash
# The standard streams of `smelt`: Ctrl-C while it reads one, and one that can't be written. No
# daemon is needed.
#
#   streams.sh BIN_DIR
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/checks.sh"

bin=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkfifo "$folder/silent"
exec 3<>"$folder/silent"  # a standard input that never says anything

exits_with() {  # exits_with CODE COMMAND...
  local code=0
  "${@:2}" || code=$?
  [[ $code == "$1" ]]
}
# Starts the command on the silent input, interrupts it once, and returns its exit code.
interrupted() {
  "$bin/smelt" "$@" <&3 >"$folder/out" 2>"$folder/err" &
  local process=$!
  # It reads once it has opened its temporary copy, which has no name any more.
  for _ in $(seq 500); do
    ls -l "/proc/$process/fd" 2>/dev/null | grep -q deleted && break
    sleep 0.01
  done
  kill -INT "$process"
  for _ in $(seq 1000); do
    kill -0 "$process" 2>/dev/null || break
    sleep 0.01
  done
  kill -KILL "$process" 2>/dev/null || true
  wait "$process"
}
one_document() { python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$folder/out"; }
to_full() { "$bin/smelt" "$@" >/dev/full 2>"$folder/err"; }

check "convert - ends at the first interrupt" exits_with 130 interrupted --json convert -
check "and prints one document" one_document
check "put - ends at the first interrupt" exits_with 130 interrupted put -
check "and says so" grep -qx interrupted "$folder/err"
check "text to a full disk is an error" exits_with 70 to_full explain
check "and says so" grep -q "standard output" "$folder/err"
check "a document to a full disk is an error" exits_with 70 to_full --json explain
to_none() { "$bin/smelt" "$@" >&- 2>"$folder/err"; }
check "text to a closed output is an error" exits_with 70 to_none explain
from_none() { "$bin/smelt" put - <&- 2>"$folder/err"; }
check "a closed input is an error" exits_with 70 from_none
from_folder() { "$bin/smelt" put - <"$folder" 2>"$folder/err"; }
check "an input that can't be read is an error" exits_with 70 from_folder
check "help to a full disk is an error" exits_with 70 to_full --help

echo "$passed passed, $failed failed"
((failed == 0))
