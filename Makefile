# Each target does all its own set-up. Wanted: Python 3.11 or newer with venv, and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt
ARGS ?=

.DELETE_ON_ERROR:
.PHONY: help demo test lint browser bench soak fuzz constraints clean

help:
	@echo "make demo         the whole way on this machine, without any account: a phone and a desk in your browser"
	@echo "make test         the tests (ARGS=... goes to pytest)"
	@echo "make lint         style, types and layers"
	@echo "make browser      a Chromium for the tests of the demo page, where one can be installed"
	@echo "make bench        every figure with its goal, and a page of them (ARGS=--help tells what there is)"
	@echo "make fuzz         ten minutes of a coverage-guided fuzzer over what reads foreign bytes"
	@echo "make soak         processes killed, frozen and left without their database, for twenty minutes (ARGS=--help)"
	@echo "make constraints  new exact versions in constraints.txt"
	@echo "make clean        remove everything these targets made"

demo: $(VENV)/.runtime
	$(BIN)/treckk demo $(ARGS)

test: $(VENV)/.develop
	$(BIN)/pytest -q -n 2 --dist worksteal $(ARGS)

lint: $(VENV)/.develop
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fuzz: $(VENV)/.develop
	$(PIP) -e '.[fuzz]'
	$(BIN)/python tests/fuzz/readers.py $(ARGS)

bench: $(VENV)/.bench
	$(BIN)/python benchmarks/run.py $(ARGS)

soak: $(VENV)/.develop
	$(BIN)/python benchmarks/soak.py $(ARGS)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing treckk-gateway into $(VENV) ..."
	$(PIP) -e .
	@touch $@

$(VENV)/.develop: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing treckk-gateway with what tests and lint need into $(VENV) ..."
	$(PIP) -e '.[test,lint]'
	@touch $(VENV)/.runtime $@

$(VENV)/.bench: $(VENV)/.develop
	@echo "Installing what is compared with ..."
	$(PIP) -e '.[bench]'
	@touch $@

# What a fresh environment resolves to today, without anything of this machine in it.
constraints:
	rm -rf build/constraints
	$(PYTHON) -m venv build/constraints
	build/constraints/bin/python -m pip install --disable-pip-version-check --quiet '.[test,lint,bench]'
	{ echo "# Exact versions of everything installed here, written by: make constraints"; \
	  build/constraints/bin/python -m pip freeze --disable-pip-version-check --exclude treckk-gateway \
	    | grep -E '^[A-Za-z0-9._-]+==[A-Za-z0-9.!+]+$$'; } > constraints.new
	mv constraints.new constraints.txt
	rm -rf build/constraints

browser:
	@for name in chromium chromium-browser google-chrome google-chrome-stable; do \
	  if command -v $$name >/dev/null 2>&1; then echo "browser: $$(command -v $$name) is here"; exit 0; fi; \
	done; \
	if command -v apt-get >/dev/null 2>&1 && [ "$$(id -u)" = 0 ]; then \
	  export DEBIAN_FRONTEND=noninteractive; \
	  if apt-get update && apt-get install -y --no-install-recommends chromium; then exit 0; fi; \
	fi; \
	echo "browser: no Chromium here, and none could be installed. Install the package 'chromium' of your system"; \
	echo "browser: (or Google Chrome) and run this again; until then the tests of the demo page are skipped."

clean:
	rm -rf $(VENV) build dist demo-data .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	rm -rf adapters/*/.hypothesis adapters/*/.ruff_cache
	find src tests adapters examples benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
