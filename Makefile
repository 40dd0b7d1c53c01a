# Two commands: `make demo` and `make test`. They need Python 3.11+, make and a network; everything else is installed into .venv/.
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
HOME_DIR ?= var
# Of `make bench`: million readings; months of the backfill; where generated input lies and stays; a page whose tables are to be replaced.
SIZES ?= 3 30 100
MONTHS ?= 36
BENCH_DIR ?= build/bench
WRITE ?=

.PHONY: help env demo test lint bench ui clean

help:
	@echo "make demo   build the environment, simulate a fleet, compute it, write the report"
	@echo "make test   run the tests"
	@echo "make lint   style, types and import contracts"
	@echo "make bench  measure staging, landing and a backfill; SIZES=3 MONTHS=6 is a quick look (benchmarks/README.md)"
	@echo "make ui     Dagster's web UI on the demo's home, http://127.0.0.1:3000"
	@echo "make env    only build the environment (.venv)"

env: .venv/run-installed

.venv/python:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; '$(PYTHON)' is `"$(PYTHON)" --version 2>&1`. Name another: make PYTHON=python3.12 …"; exit 1; }
	@"$(PYTHON)" -m venv .venv || \
	  { echo "'$(PYTHON) -m venv' failed. On Debian and Ubuntu install the package python3-venv."; exit 1; }
	@touch .venv/python

.venv/run-installed: .venv/python requirements/run.txt pyproject.toml
	@echo "Installing the environment into .venv (about a minute) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@touch .venv/run-installed

.venv/dev-installed: .venv/run-installed requirements/dev.txt
	@echo "Installing the test tools into .venv …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch .venv/dev-installed

demo: env
	@$(BIN)/gci demo --home "$(HOME_DIR)"

test: .venv/dev-installed
	@$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadfile -m "not long" $(ARGS)

lint: .venv/dev-installed
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: env
	@$(BIN)/python -m benchmarks.bench $(SIZES) --folder "$(BENCH_DIR)" $(if $(WRITE),--write "$(WRITE)")
	@$(BIN)/python -m benchmarks.backfill --months $(MONTHS) --folder "$(BENCH_DIR)" $(if $(WRITE),--write "$(WRITE)")

ui: env
	@$(BIN)/gci ui --home "$(HOME_DIR)"

clean:
	rm -rf .venv var
