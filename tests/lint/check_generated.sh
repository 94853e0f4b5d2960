#!/usr/bin/env bash
# The committed support pages must be what the tables print.
#   check_generated.sh PATH/TO/smelt-worker [--update]
set -euo pipefail
worker=$1
root=$(cd "$(dirname "$0")/../.." && pwd)
failed=0
for page in OPERATORS:md REASONS:reasons; do
  file=core/${page%%:*}.md
  fresh=$(mktemp)
  "$worker" "--print-support=${page##*:}" >"$fresh"
  if [[ ${2:-} == --update ]]; then
    cp "$fresh" "$root/$file"
  elif ! diff -u "$root/$file" "$fresh" >&2; then
    echo "$file differs from the tables: run tests/lint/check_generated.sh $worker --update" >&2
    failed=1
  fi
  rm -f "$fresh"
done
exit "$failed"
