#!/usr/bin/env bash
# Every C++ file is as clang-format writes it. Repair: check_format.sh --fix
set -euo pipefail
cd "$(dirname "$0")/../.."
mapfile -t files < <(find core server client tests -name '*.h' -o -name '*.cc')
if [[ ${1:-} == --fix ]]; then
  clang-format -i "${files[@]}"
  exit 0
fi
wrong=$(clang-format --dry-run -Werror "${files[@]}" 2>&1 | grep 'code should be' || true)
if [[ -n $wrong ]]; then
  cut -d: -f1 <<<"$wrong" | sort | uniq -c
  echo "Not as clang-format writes it; repair: tests/lint/check_format.sh --fix"
  exit 1
fi
echo "format: ok (${#files[@]} files)"
