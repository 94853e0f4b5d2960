#!/usr/bin/env bash
# From a bare Debian 12 to a converted model, in one command.
#
#   deploy/quickstart.sh [MODEL] [--keep]
#
# Installs the Debian packages that are missing (as root, or through sudo), builds the release,
# starts a private smeltd on loopback, converts MODEL (default: a small CNN that reads handwritten
# digits) and stops the daemon again; --keep leaves it running. Artifact, report and metrics go to
# build/quickstart. The exit status is that of the conversion.
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=deploy/packages.sh
source "$repo/deploy/packages.sh"

model=$repo/tests/models/digits_cnn.onnx
keep=0
for argument in "$@"; do
  case $argument in
    --keep) keep=1 ;;
    -h | --help)
      sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
      exit 0
      ;;
    -*)
      echo "unknown option: $argument (see --help)" >&2
      exit 2
      ;;
    *) model=$(realpath -- "$argument") ;;
  esac
done
if [[ ! -f $model ]]; then
  echo "there is no model $model" >&2
  exit 2
fi

bin=$repo/build/release/bin
out=$repo/build/quickstart
state=
daemon=

say() { printf '\n==> %s\n' "$*"; }

# run_quietly LOG COMMAND...: shows the output only when the command fails.
run_quietly() {
  local log=$1
  shift
  if ! "$@" >"$log" 2>&1 </dev/null; then
    tail -n 60 "$log" >&2
    echo "failed: $* (all of it: $log)" >&2
    return 1
  fi
}

build() {
  mkdir -p "$out"
  (cd "$repo" && run_quietly "$out/configure.log" cmake --preset release)
  run_quietly "$out/build.log" cmake --build "$repo/build/release" \
    --parallel "$(nproc)" --target smeltd smelt-worker smelt
}

# A port of loopback that nobody listens on right now.
free_port() {
  local port
  while true; do
    port=$((20000 + RANDOM % 20000))
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "$port"
      return 0
    fi
  done
}

# Starts the daemon in a private folder and waits until it answers. Another program may take a port
# between the look and the start: then the daemon ends, and other ports are tried.
start_daemon() {
  local attempt
  state=$(mktemp -d "${TMPDIR:-/tmp}/smelt-quickstart-XXXXXX") # mktemp makes it mode 0700
  for attempt in 1 2 3 4 5; do
    address=127.0.0.1:$(free_port)
    metrics=127.0.0.1:$(free_port)
    "$bin/smeltd" --listen "$address" --metrics "$metrics" --state-dir "$state/state" \
      --drain-delay 0 >"$state/smeltd.log" 2>&1 </dev/null &
    daemon=$!
    for _ in {1..100}; do
      if ! kill -0 "$daemon" 2>/dev/null; then break; fi
      if "$bin/smelt" --server "$address" --retries 0 server info >/dev/null 2>&1; then return 0; fi
      sleep 0.1
    done
    stop_process
    echo "smeltd did not start at $address (attempt $attempt)" >&2
  done
  cat "$state/smeltd.log" >&2
  return 1
}

stop_process() {
  if [[ -z $daemon ]]; then return 0; fi
  kill -TERM "$daemon" 2>/dev/null || true
  wait "$daemon" 2>/dev/null || true
  daemon=
}

finish() {
  stop_process
  if [[ -n $state ]]; then rm -rf "$state"; fi
}
trap finish EXIT
trap 'exit 130' INT TERM

# GET /metrics without any tool that Debian may lack.
fetch_metrics() {
  local host=${metrics%:*} port=${metrics##*:}
  exec 3<>"/dev/tcp/$host/$port"
  printf 'GET /metrics HTTP/1.0\r\nHost: %s\r\n\r\n' "$metrics" >&3
  sed '1,/^\r*$/d' <&3
  exec 3>&-
}

say "Packages"
smelt_install_packages "${SMELT_BUILD_PACKAGES[@]}"
echo "All there."

say "Build (the first time takes several minutes)"
build
echo "$bin: smeltd, smelt-worker, smelt"

say "Start smeltd"
start_daemon
echo "smeltd answers at $address; its state is in $state"

name=$(basename "$model")
artifact=$out/${name%.*}.tflite
report=$artifact.report.json
say "smelt --server $address convert $model -o $artifact"
status=0
"$bin/smelt" --server "$address" convert "$model" -o "$artifact" --report "$report" || status=$?

say "Results"
if ((status == 0)); then echo "artifact  $artifact"; fi
if [[ -f $report ]]; then echo "report    $report"; fi
if fetch_metrics >"$out/metrics.txt"; then
  echo "metrics   $out/metrics.txt, from http://$metrics/metrics; of jobs it says:"
  grep -E '^smelt_jobs?_.*_(total|count|sum)[{ ]' "$out/metrics.txt" | sed 's/^/    /' | head -n 12 || true
fi

if ((keep)); then
  say "smeltd keeps running"
  echo "use it    $bin/smelt --server $address convert MODEL"
  echo "log       $state/smeltd.log"
  echo "stop it   kill $daemon && rm -rf $state"
  trap - EXIT
  exit "$status"
fi
say "Stop smeltd"
stop_process
echo "Done."
exit "$status"
