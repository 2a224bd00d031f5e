# Everything one does with a clone of nexus. Each target makes what it needs: the environment in .venv, the
# native parts in the tree. Stamp files in both remember what is there, so that a second run is quick.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)

.PHONY: help
help: ## show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# --- the environment, and the native parts in it -------------------------------------------------

.venv/.tools: pyproject.toml
	@test -n "$(PYTHON)" || { echo "nexus needs Python 3.11 or newer; none of python3, python3.11" \
		"to python3.14 is that. Install one, or name yours: make PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -m venv .venv || { echo "$(PYTHON) cannot make a virtual environment." \
		"On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(PIP) install 'setuptools>=77' 'Cython>=3.1'
	@touch $@

NATIVE := setup.py $(shell find csrc nexus -type f ! -path 'csrc/tests/*' ! -name '*.pyc' \
	\( -path 'csrc/*' -o -name '*.pyx' -o -name '*.pxd' \))

build/.native: $(NATIVE) | .venv/.tools
	$(BIN)/python setup.py --quiet build_ext --inplace --build-lib build/in_place/lib \
		--build-temp build/in_place/temp build_plugins --inplace
	@mkdir -p build && touch $@

# One stamp for each group of extras: .venv/.has-demo, .venv/.has-test, .venv/.has-dev.
.venv/.has-%: pyproject.toml | build/.native
	$(PIP) install --no-build-isolation --editable '.[$*]'
	@touch $@

# --- what users run ------------------------------------------------------------------------------

.PHONY: build demo test
build: .venv/.has-test build/.native ## build the native parts in place

demo: .venv/.has-demo build/.native ## find the devices, run kernels over a photograph, show times
	$(BIN)/python docs/examples/photo/photo.py --output build/demo

test: build ## run the whole test suite, or a part of it: make test TESTS=tests/conformance
	$(BIN)/pytest $(TESTS)

.PHONY: opencl
opencl: build .venv/.has-opencl ## run the OpenCL tests on PoCL, Intel's driver and oclgrind: make opencl DRIVERS=intel
	$(BIN)/python tests/opencl/drivers.py $(DRIVERS)

# --- what developers run -------------------------------------------------------------------------

tracked = $(shell git ls-files --cached --others --exclude-standard -- $(1))
written = $(shell for f in $(call tracked,$(1)); do head -n 5 "$$f" | grep -qi generated || echo "$$f"; done)
C_FILES = $(call written,'*.c' '*.cpp' '*.h' '*.hpp')
CYTHON_FILES = $(call written,'*.pyx' '*.pxd')
# Modules whose stubs are compared with what was built.
STUBBED = $(subst /,.,$(basename $(call tracked,'nexus/*.pyi')))

CHECKS := check-format check-lint check-types check-generated check-stubs check-rules
.PHONY: format check $(CHECKS) docs bench
format: .venv/.has-dev ## format every file
	$(BIN)/ruff format
	$(BIN)/ruff check --fix
	$(BIN)/clang-format -i $(C_FILES)

check: $(CHECKS) ## formats, lint, types, generated files, stubs, rules of the house
$(CHECKS): .venv/.has-dev build/.native

check-format:
	$(BIN)/ruff format --check
	$(BIN)/clang-format --dry-run --Werror $(C_FILES)

check-lint:
	$(BIN)/ruff check
	PATH="$(CURDIR)/$(BIN):$$PATH" cython-lint $(CYTHON_FILES)
	$(BIN)/codespell

check-types:
	$(BIN)/mypy

check-generated:
	$(BIN)/python schema/generate.py --check

check-stubs:
	$(BIN)/python -m mypy.stubtest --ignore-disjoint-bases --ignore-unused-allowlist \
		--allowlist tests/stubtest_allowlist.txt $(STUBBED)

check-rules:
	$(BIN)/pytest --quiet tests/architecture tests/test_architecture.py

docs: .venv/.has-dev build/.native ## build the documentation into docs/_build
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going -b html docs docs/_build/html

bench: build ## measure against whatever peers are installed
	@for script in tests/benchmarks/bench_*.py; do echo "== $$script"; $(BIN)/python "$$script"; done

# A sanitized build is a package of its own under build/; the tests run in its folder, so that they and
# every Python they start find it before the one of the tree. libstdc++ is preloaded too: without it the
# first C++ exception ends the process. OpenCL drivers are left out: they bring a compiler of their own,
# which a sanitizer that it was not built with ends.
asan: SANITIZERS := address,undefined
asan: RUNTIME := libasan.so
asan: TESTS := tests
tsan: SANITIZERS := thread
tsan: RUNTIME := libtsan.so
tsan: TESTS := tests/test_cpp.py tests/conformance tests/opencl
PRELOAD = $(foreach library,$(RUNTIME) libstdc++.so,$(shell gcc -print-file-name=$(library)))

.PHONY: asan tsan
asan: build ## run the suite under the address and undefined-behaviour sanitizers
tsan: build ## run the C++, conformance and OpenCL tests under the thread sanitizer
asan tsan:
	NEXUS_SANITIZE=$(SANITIZERS) $(BIN)/python setup.py --quiet build \
		--build-lib build/$@/lib --build-temp build/$@/temp
	cd build/$@/lib && NEXUS_SANITIZE=$(SANITIZERS) LD_PRELOAD="$(PRELOAD)" \
		ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 \
		TSAN_OPTIONS=halt_on_error=1:suppressions=$(CURDIR)/tests/tsan_suppressions.txt \
		PYTHONPATH=$(CURDIR)/build/$@/lib PYTHONMALLOC=malloc OCL_ICD_VENDORS=$(CURDIR)/build/$@ \
		$(CURDIR)/$(BIN)/pytest -c $(CURDIR)/pyproject.toml -m 'not slow' $(addprefix $(CURDIR)/,$(TESTS))

# --- what is published ---------------------------------------------------------------------------

PYTHON_VERSION = $(shell $(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')

.PHONY: wheel wheels manylinux cross
wheel: .venv/.has-test ## build the source distribution and a wheel for this Python into dist/
	$(BIN)/python csrc/build_wheels.py --python $(PYTHON_VERSION)

wheels: .venv/.has-test ## build a wheel for every Python at hand into dist/, and test each
	rm -f dist/*.whl
	$(BIN)/python csrc/build_wheels.py
	$(BIN)/pytest tests/packages --every-python --wheels dist

manylinux: .venv/.has-test .venv/.has-release ## the same for every Linux since 2014, into dist/manylinux
	rm -f dist/manylinux/*
	$(BIN)/python csrc/build_wheels.py --manylinux --out dist/manylinux
	$(BIN)/pytest tests/packages --every-python --wheels dist/manylinux

# test_macho is the cpu plugin's reader of macOS libraries, built here for this machine.
cross: .venv/.has-test .venv/.has-release ## compile everything for aarch64 Linux and arm64 macOS, and look into it
	$(BIN)/python csrc/build_cross.py
	$(BIN)/pytest --cross tests/test_cpp.py::test_program tests/packages/test_cross.py -k 'macho or cross'

.PHONY: mutants
mutants: build ## plant faults one at a time and see that the suite catches each: make mutants MUTANTS=name
	$(BIN)/python tests/mutants/plant.py $(MUTANTS)

# Random calls of every function, each run as long as CALLS or SECONDS say, whichever ends first.
soak: SANITIZERS ?= address,undefined thread
soak: RUNTIMES ?= cpu null
soak: CALLS ?= 1000000
soak: SECONDS ?= 600
soak: SEED ?= 1

.PHONY: soak
soak: build ## call the plugins at random under the sanitizers: make soak CALLS=10000000 SANITIZERS=thread
	@for sanitizers in $(SANITIZERS); do for runtime in $(RUNTIMES); do \
		echo "== $$runtime, $$sanitizers"; $(BIN)/python tests/soak/runner.py --runtime $$runtime \
		--sanitizers $$sanitizers --calls $(CALLS) --seconds $(SECONDS) --seed $(SEED); done; done
	$(BIN)/pytest --hypothesis-profile=soak --timeout=0 tests/nexus/model

.PHONY: fuzz
fuzz: SECONDS ?= 120
fuzz: SEED ?= 1
fuzz: .venv/.has-fuzz ## change kernel libraries at random and read them: make fuzz SECONDS=600 SEED=1
	$(BIN)/python tests/fuzz/run.py --seconds $(SECONDS) --seed $(SEED)

.PHONY: clean
clean: ## remove what was built; the environment stays
	rm -rf build dist docs/_build nexus/plugins *.egg-info
	find nexus \( -name '*.so' -o -name '*.dylib' \) -delete
