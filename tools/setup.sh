#!/usr/bin/env bash
# Checks that this machine can build limpid, and installs from Debian what is missing, saying what and why.
#
#   tools/setup.sh          what `make demo` needs: to build and to run
#   tools/setup.sh check    what `make check` needs on top: tests, Clang, sanitizers, linters
#
# LIMPID_NO_INSTALL=1 installs nothing: it prints the line that would, and exits 1 when something is missing.
# Changes nothing, and takes a fraction of a second, when all is there.
set -euo pipefail
export LC_ALL=C

group=${1:-run}
if [[ $# -gt 1 || ! $group =~ ^(run|check)$ ]]; then
  echo "usage: tools/setup.sh [run|check]" >&2
  exit 2
fi

# Where rustup puts cargo, for shells that were not restarted since.
PATH=$PATH:${HOME:-}/.cargo/bin

# LIMPID_SETUP_ROOT stands for / in the test of this script.
root=${LIMPID_SETUP_ROOT:-}

# group | Debian package | proof that it is there | why
# Proofs: cmd:NAME a command, inc:HEADER, glob:PATTERN a file, py:MODULE a module of python3.
packages() {
  cat <<'TABLE'
run|build-essential|cmd:g++|the C++ compiler
run|cmake|cmd:cmake|configures the build
run|ninja-build|cmd:ninja|runs the build
run|ccache|cmd:ccache|makes the second build fast
run|libdnnl-dev|inc:oneapi/dnnl/dnnl.hpp|oneDNN: matrix products
run|ocl-icd-opencl-dev|inc:CL/cl.h|OpenCL headers, which oneDNN's CMake files insist on
run|libhwy-dev|inc:hwy/highway.h|Highway: vector instructions of every processor
run|nlohmann-json3-dev|inc:nlohmann/json.hpp|reads and writes JSON
run|libcli11-dev|inc:CLI/CLI.hpp|parses the command line
run|libfmt-dev|inc:fmt/format.h|formats text
run|libexpected-dev|inc:tl/expected.hpp|errors as values
run|libpugixml-dev|inc:pugixml.hpp|pugixml: writes figures as SVG
run|libssl-dev|inc:openssl/evp.h|OpenSSL: hashes that name runs
run|libcpp-httplib-dev|inc:httplib.h|cpp-httplib: the web server
run|libtomlplusplus-dev|inc:toml++/toml.h|toml++: reads the configuration of the server
run|libminizip-dev|inc:minizip/unzip.h|minizip: finds the tensors in PyTorch's .bin files, which are ZIP archives
run|zlib1g-dev|inc:zlib.h|zlib: compresses answers of the server; minizip is built on it
run|cargo-web|cmd:cargo|Rust (its newest in Debian), which builds the tokenizer
run|ca-certificates|glob:/etc/ssl/certs/ca-certificates.crt|lets cargo and pip trust what they talk to
run|python3|cmd:python3|fetches the default model
run|python3-pip|py:pip|fetches the default model
check|python3-venv|py:ensurepip|a private folder for the Python packages of the tests
check|libgtest-dev|inc:gtest/gtest.h|GoogleTest: unit tests
check|libbenchmark-dev|inc:benchmark/benchmark.h|Google Benchmark: benchmark programs
check|clang-16|cmd:clang++-16|the second compiler; fuzzing
check|libclang-rt-16-dev|glob:/usr/lib/llvm-16/lib/clang/16*/lib/linux/libclang_rt.fuzzer-*.a|sanitizers and libFuzzer of Clang
check|libomp-16-dev|glob:/usr/lib/llvm-16/lib/clang/16*/include/omp.h|OpenMP of Clang
check|clang-format-16|cmd:clang-format-16|checks the code's format
check|clang-tidy-16|cmd:clang-tidy-16|finds mistakes in the code
check|chromium|cmd:chromium|Chromium: lays out the text of figures
check|fonts-dejavu-core|glob:/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf|wide fonts, in which that text must fit too
TABLE
}

# command | oldest version that works | what to do
versions() {
  cat <<'TABLE'
g++|12|install a newer GCC
node|20.19|Debian 12 has an older one: see https://nodejs.org/en/download
npm|9|it comes with Node
cmake|3.25|install a newer CMake
python3|3.11|install a newer Python
cargo|1.85|apt-get install cargo-web, or see https://rustup.rs
rustc|1.85|apt-get install cargo-web, or see https://rustup.rs
TABLE
}

is_there() {
  local what=${1#*:}
  case $1 in
    cmd:*) command -v "$what" >/dev/null ;;
    inc:*) [[ -e $root/usr/include/$what || -e $root/usr/local/include/$what ]] ;;
    glob:*) compgen -G "$root$what" >/dev/null ;;
    py:*) [[ " $python_modules " == *" $what "* ]] ;;
  esac
}

# Sets missing (package names) and reasons (one line each).
look() {
  python_modules=$(python3 -c 'import importlib.util as u
print(*(m for m in ("pip", "ensurepip") if u.find_spec(m)))' 2>/dev/null || true)
  missing=()
  reasons=()
  local need package proof why
  while IFS='|' read -r need package proof why; do
    [[ $need == run || $group == check ]] || continue
    is_there "$proof" && continue
    missing+=("$package")
    reasons+=("$(printf '  %-20s %s' "$package" "$why")")
  done < <(packages)
}

as_root() {
  if [[ $(id -u) -eq 0 ]]; then "$@"; else sudo "$@"; fi
}

lists_are_stale() {
  [[ -z $(find "$root/var/lib/apt/lists" -maxdepth 1 -name '*_Packages*' -mtime -7 -print -quit 2>/dev/null) ]]
}

install() {
  local apt=(as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0)
  local packages=(install -y --no-install-recommends "${missing[@]}")
  if lists_are_stale; then "${apt[@]}" update; fi
  # Lists that are too old name versions that are gone: renew them and try once more. What goes wrong is said on
  # standard error.
  "${apt[@]}" "${packages[@]}" >/dev/null || { "${apt[@]}" update && "${apt[@]}" "${packages[@]}" >/dev/null; }
}

check_versions() {
  local name oldest hint found failed=0
  while IFS='|' read -r name oldest hint; do
    if ! command -v "$name" >/dev/null; then
      echo "limpid needs $name $oldest or newer, which is not here: $hint" >&2
      failed=1
      continue
    fi
    found=$("$name" --version 2>&1 | grep -Eom1 '[0-9]+(\.[0-9]+)+' || true)
    if [[ -z $found || $(printf '%s\n' "$oldest" "$found" | sort -V | head -n1) != "$oldest" ]]; then
      echo "limpid needs $name $oldest or newer, found ${found:-one that does not run}: $hint" >&2
      failed=1
    fi
  done < <(versions)
  return $failed
}

look
if [[ ${#missing[@]} -gt 0 ]]; then
  echo "limpid needs ${#missing[@]} Debian package(s) that are not here:"
  printf '%s\n' "${reasons[@]}"
  sudo_word=""
  [[ $(id -u) -eq 0 ]] || sudo_word="sudo "
  line="${sudo_word}apt-get install -y --no-install-recommends ${missing[*]}"
  if [[ ${LIMPID_NO_INSTALL:-} == 1 ]]; then
    echo "LIMPID_NO_INSTALL=1: nothing was installed. To install them:"
    echo "${sudo_word}apt-get update && $line"
    exit 1
  fi
  if ! command -v apt-get >/dev/null; then
    echo "There is no apt-get on this system: install what provides them in its own way, then try again." >&2
    exit 1
  fi
  if [[ -n $sudo_word ]] && ! command -v sudo >/dev/null; then
    echo "You are not root and there is no sudo. Let an administrator run:" >&2
    echo "apt-get update && apt-get install -y --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
  echo "Installing them, which can take minutes: $line"
  install
  look
  if [[ ${#missing[@]} -gt 0 ]]; then
    echo "Installed, but still not found (is another version of the tool first in PATH?):" >&2
    printf '%s\n' "${reasons[@]}" >&2
    exit 1
  fi
fi
check_versions
