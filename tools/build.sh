#!/usr/bin/env bash
# Configures and builds one preset, saying little: tools/build.sh PRESET TARGET [-DOPTION=VALUE...]
# On a terminal there is ninja's status line; elsewhere one line per tenth. Warnings and errors always show.
set -euo pipefail
cd "$(dirname "$0")/.."

# The compiler cache knows a file again in another clone, too.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1

preset=${1:?usage: tools/build.sh PRESET TARGET [OPTION...]}
target=${2:?usage: tools/build.sh PRESET TARGET [OPTION...]}
shift 2

mkdir -p "build/$preset"
log=build/$preset/configure.log
if ! cmake --preset "$preset" "$@" >"$log" 2>&1; then
  cat "$log" >&2
  exit 1
fi

build=(cmake --build "build/$preset" --target "$target")
echo "Building $target ($preset)"
if [[ -t 1 ]]; then
  "${build[@]}"
else
  "${build[@]}" 2>&1 | awk '
    match($0, /^\[[0-9]+\/[0-9]+\]/) {
      split(substr($0, 2, RLENGTH - 2), step, "/")
      tenth = int(10 * step[1] / step[2])
      if (tenth > shown && step[2] >= 10) { print "  " $1; shown = tenth; fflush() }
      # A step that takes long says so.
      if (/the first time/) { print "  " substr($0, RLENGTH + 2); fflush() }
      next
    }
    /^ninja: (no work to do|Entering directory)/ { next }
    { print; fflush() }'
fi
