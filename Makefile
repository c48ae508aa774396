# Everyday commands. The build itself is CMake's (CMakePresets.json); this file only says it shorter.

PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60
PROMPT := When Mary and John went to the store, John gave a drink to
LIMPID := build/release/limpid
# The first configuration of a user's build needs no test packages; one that has them keeps them.
RELEASE_OPTIONS = $(if $(wildcard build/release/CMakeCache.txt),,-DLIMPID_TESTS=OFF -DLIMPID_BENCHMARKS=OFF)

# Where rustup puts cargo, for shells that were not restarted since.
export PATH := $(PATH):$(HOME)/.cargo/bin

.DEFAULT_GOAL := help
.PHONY: help demo setup build model check venv lint fuzz install package clean
.NOTPARALLEL:

help:
	@echo "make demo       set up, build, fetch the default model, explain a sample prompt"
	@echo "make check      every test, with and without sanitizers; linters; a short fuzzing run"
	@echo "make build      build/release/limpid, and the library for C++ programs"
	@echo "make model      fetch and verify the default model (93 MB, once)"
	@echo "make install    into PREFIX, default $(PREFIX)"
	@echo "make package    a tarball that runs wherever it is unpacked, in dist/"
	@echo "make lint       clang-format and clang-tidy"
	@echo "make fuzz       fuzz the file readers, FUZZ_SECONDS=$(FUZZ_SECONDS) for each target"
	@echo "make clean      remove build/ and dist/ (not the model)"
	@echo "LIMPID_NO_INSTALL=1 make demo    only check for missing packages, install none"

demo: build model
	@echo
	@echo '$$ $(LIMPID) explain "$(PROMPT)"'
	@$(LIMPID) explain "$(PROMPT)"
	@echo
	@cat tools/next_steps.txt

setup:
	@tools/setup.sh run

build: setup
	@tools/build.sh release product $(RELEASE_OPTIONS)

model: setup
	@python3 tools/fetch_model.py

check:
	@tools/check.sh

venv: build/venv/.ready

build/venv/.ready: tools/requirements-test.txt
	@tools/setup.sh check
	@echo "Installing the Python packages of the tests into build/venv"
	@rm -rf build/venv && python3 -m venv build/venv
	@build/venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

lint:
	@tools/setup.sh check
	@cmake --preset release -DLIMPID_TESTS=ON -DLIMPID_BENCHMARKS=ON >/dev/null
	@tools/lint.sh

fuzz:
	@tools/setup.sh check
	@tools/build.sh fuzz all
	@tools/fuzz.sh $(FUZZ_SECONDS)

# Not a build as root: `make build && sudo make install`.
install:
	@test -x $(LIMPID) || { echo "make install: there is no $(LIMPID); run make build first" >&2; exit 1; }
	@cmake --install build/release --prefix "$(PREFIX)" --component program --strip
	@cmake --install build/release --prefix "$(PREFIX)" --component library --strip

package: build
	@cpack --config build/release/CPackConfig.cmake -B dist
	@rm -rf dist/_CPack_Packages

clean:
	rm -rf build dist
