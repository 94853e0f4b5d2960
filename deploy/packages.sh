# shellcheck shell=bash
# The Debian packages that smelt needs, and how to install those that are missing.
# Sourced by deploy/quickstart.sh and tests/run.sh; it does nothing by itself.

# To build and run.
SMELT_BUILD_PACKAGES=(
  cmake ninja-build g++ ccache pkg-config
  libgrpc++-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc
  libonnx-dev libflatbuffers-dev flatbuffers-compiler
  libboost-dev libboost-system-dev libabsl-dev libjemalloc-dev
  prometheus-cpp-dev libspdlog-dev
  libgtest-dev libgmock-dev libbenchmark-dev
  libsqlite3-dev libssl-dev libcli11-dev libeigen3-dev libseccomp-dev
  libzip-dev
)

# To test, beyond that.
SMELT_TEST_PACKAGES=(
  python3 python3-venv libonnx-testdata clang-format clang-tidy
)

# smelt_missing_packages PACKAGE...: prints those that are not installed, one a line.
smelt_missing_packages() {
  local package
  for package in "$@"; do
    # shellcheck disable=SC2016  # the format is dpkg-query's, not the shell's
    if [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) != installed ]]; then
      printf '%s\n' "$package"
    fi
  done
}

# smelt_install_packages PACKAGE...: installs those that are missing, as root or through sudo.
# Prints nothing when all are there; apt's own output is shown only when it fails.
smelt_install_packages() {
  local missing=() as_root=() log
  mapfile -t missing < <(smelt_missing_packages "$@")
  if ((${#missing[@]} == 0)); then
    return 0
  fi
  if ! command -v apt-get >/dev/null; then
    printf 'These packages are missing and apt-get is not here to install them: %s\n' \
      "${missing[*]}" >&2
    return 1
  fi
  if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
      printf 'These Debian packages are missing: %s\nRun this again as root.\n' \
        "${missing[*]}" >&2
      return 1
    fi
    as_root=(sudo)
  fi
  printf 'Installing %d Debian packages: %s\n' "${#missing[@]}" "${missing[*]}"
  log=$(mktemp)
  if ! { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -q --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
}
