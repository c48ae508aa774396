#!/usr/bin/env bash
# Checks format (clang-format, all of our C++) and mistakes (clang-tidy, every .cc of src/ that a build knows but
# tests, which would take as long again to find little: their checks are the compilers' and the sanitizers').
#
#   tools/lint.sh [BUILD]    BUILD is a configured build folder, by default build/release
#
# Changes no source. Exits 1 when there is anything to fix. A file without findings is looked at again only
# when it, a header it includes or the checks change: LIMPID_LINT_CACHE (by default in the user's cache) holds one
# stamp for each, which is good in any clone.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/.."
cache=${LIMPID_LINT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/limpid/lint}

if [[ ${1:-} == --tidy ]]; then  # one file; called below, several at a time
  build=$2 file=$3
  # Comments count too: they can silence a check.
  key=$({
    clang-tidy-16 --version
    cat .clang-tidy
    grep -F -- "-c $PWD/$file\"" "$build/compile_commands.json"
    clang++-16 -E -C -std=c++20 -Isrc -Iinclude -Isrc/tokenizer/rust/include -fopenmp "$file"
  } 2>&1 | sed "s|$PWD|.|g" | sha256sum | cut -d' ' -f1)
  [[ -e $cache/$key ]] && exit 0
  # The build is for GCC: warnings that Clang does not have are no finding.
  if out=$(clang-tidy-16 --quiet -p "$build" "--header-filter=^$PWD/(src|include)/" \
    --extra-arg=-Wno-unknown-warning-option "$file" 2>&1); then
    touch "$cache/$key"
  else
    # Findings in a header that is included under several paths or targets repeat within a file.
    grep -vE '^([0-9]+ warnings? (and [0-9]+ errors? )?generated\.|Suppressed .*|[0-9]+ warnings treated as errors)$' <<<"$out"
    exit 1
  fi
  exit 0
fi

build=${1:-build/release}
if [[ $# -gt 1 || ! -f $build/compile_commands.json ]]; then
  echo "usage: tools/lint.sh [BUILD]: expected a configured build folder, found none at $build" >&2
  echo "hint: cmake --preset release" >&2
  exit 2
fi

status=0
find examples include src tests bench \( -name '*.cc' -o -name '*.h' \) -not -path '*/target/*' -print0 |
  xargs -0 clang-format-16 --dry-run -Werror || status=1

mkdir -p "$cache"
grep -oE -- "-c $PWD/src/[^\"]+\.cc\"" "$build/compile_commands.json" |
  sed -e "s|^-c $PWD/||" -e 's|"$||' | grep -v '_test\.cc$' | sort -u |
  xargs -P "$(nproc)" -n 1 "$PWD/tools/lint.sh" --tidy "$build" || status=1
exit $status
