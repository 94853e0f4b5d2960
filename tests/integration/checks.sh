# Sourced by the tests that are scripts: named checks, counted for the last line that each prints.
passed=0
failed=0

check() {  # check NAME COMMAND...
  local name=$1
  shift
  if "$@"; then
    passed=$((passed + 1))
    echo "ok     $name"
  else
    failed=$((failed + 1))
    echo "FAILED $name"
  fi
}
