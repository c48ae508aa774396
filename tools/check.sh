#!/usr/bin/env bash
# Everything that must hold before a change is taken: `make check`. A step that fails does not stop the steps
# that do not need it; the last line counts what passed. Whole logs are in build/check/.
set -euo pipefail
cd "$(dirname "$0")/.."

# Several tests run at once; a thread that waits must not hold a core that another needs.
export OMP_WAIT_POLICY=passive

logs=build/check
mkdir -p "$logs"
jobs=$(nproc)
passed=0
failed=0
failures=()

note() { printf '\n== %s\n' "$*"; }

# step NAME COMMAND...: one test more, passed or failed.
step() {
  local name=$1 begun=$SECONDS
  shift
  note "$name"
  if "$@" 2>&1 | tee "$logs/${name// /-}.log"; then
    passed=$((passed + 1))
    echo "-- $name: ok, $((SECONDS - begun)) s"
  else
    failed=$((failed + 1))
    failures+=("$name")
    echo "-- $name: FAILED, $((SECONDS - begun)) s"
    return 1
  fi
}

# run_ctest PRESET: adds ctest's own counts; only failures are shown.
run_ctest() {
  local name="tests $1" log="$logs/tests-$1.log" begun=$SECONDS summary
  note "$name"
  ctest --test-dir "build/$1" --output-on-failure -j "$jobs" --no-tests=error 2>&1 | tee "$log" |
    grep -vE '^ +Start +[0-9]+: |^ *[0-9]+/[0-9]+ Test +#[0-9]+: .* Passed ' || true
  summary=$(grep -Eo '[0-9]+ tests? failed out of [0-9]+' "$log" || true)
  if [[ ! $summary =~ ^([0-9]+)\ tests?\ failed\ out\ of\ ([0-9]+)$ || ${BASH_REMATCH[2]} -eq 0 ]]; then
    failed=$((failed + 1))
    failures+=("$name (did not run)")
    return
  fi
  passed=$((passed + BASH_REMATCH[2] - BASH_REMATCH[1]))
  failed=$((failed + BASH_REMATCH[1]))
  [[ ${BASH_REMATCH[1]} -eq 0 ]] || failures+=("$name")
  echo "-- $name: $((SECONDS - begun)) s"
}

# The rest makes no sense without these.
step "set-up" tools/setup.sh check || exit 1
step "python packages" make --no-print-directory venv || exit 1
step "default model" python3 tools/fetch_model.py || exit 1

if step "build release" tools/build.sh release all -DLIMPID_TESTS=ON -DLIMPID_BENCHMARKS=ON; then
  run_ctest release
  step "lint" tools/lint.sh || true
  step "web lint" npm --prefix web run --silent check || true
  step "web unit tests" npm --prefix web run --silent test || true
  step "web in chromium" tools/web_e2e.sh build/release/limpid || true
fi
if step "build dev" tools/build.sh dev all; then
  run_ctest dev
fi
if step "build fuzz" tools/build.sh fuzz all; then
  run_ctest fuzz
fi

note "make check took $((SECONDS / 60)) min $((SECONDS % 60)) s"
for failure in "${failures[@]}"; do echo "FAILED: $failure"; done
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
