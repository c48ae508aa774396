#!/usr/bin/env bash
# Runs every fuzz target of build/fuzz for SECONDS: tools/fuzz.sh [SECONDS]. A target fuzz_X starts from the
# seeds in tests/fuzz/corpus/X; what it learns stays in build/fuzz/learnt/X, what breaks it in build/fuzz/crashes/.
# (ctest in build/fuzz replays the seeds and mutates them for some seconds.)
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-60}
found=0
status=0
for target in $(find build/fuzz -type f -executable -name 'fuzz_*' | sort); do
  found=1
  name=${target##*/fuzz_}
  seeds=tests/fuzz/corpus/$name
  if [[ -z $(find "$seeds" -type f -print -quit 2>/dev/null) ]]; then
    echo "fuzz_$name: there are no seeds in $seeds" >&2
    status=1
    continue
  fi
  mkdir -p "build/fuzz/learnt/$name" build/fuzz/crashes
  log=build/fuzz/learnt/$name.log
  if "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/crashes/$name-" "build/fuzz/learnt/$name" "$seeds" >"$log" 2>&1; then
    echo "fuzz_$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs in $seconds s, no finding"
  else
    tail -n 60 "$log"
    echo "fuzz_$name: FAILED; the input is in build/fuzz/crashes/" >&2
    status=1
  fi
done
if [[ $found -eq 0 ]]; then
  echo "there are no fuzz targets in build/fuzz; run: make fuzz" >&2
  exit 1
fi
exit $status
