# `make` lists the targets. Everything runs from .venv, which holds exactly what the lock files name.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet
CORE   := $(VENV)/.core
DEV    := $(VENV)/.dev
BENCH  := $(VENV)/.bench
COVER  := --cov=ingest --cov=sessionize --cov=paths --cov-branch --cov-report=term
EVENTS ?= 10_000_000

.DEFAULT_GOAL := help
.PHONY: help setup demo test check lint format proof faults bench plotly docs lock wheel clean
MAKEFLAGS += --no-print-directory

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(DEV) ## make .venv with everything the lock files name

demo: $(CORE) ## ingest the sample, print the summary, the funnel and the worst leaks
	$(BIN)/journeys demo

test: $(DEV) ## the tests, with the coverage gate (under 12 minutes)
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not proof and not faults" $(COVER)

check: lint test ## format, lint, imports, types and tests: what must pass before a commit

lint: $(DEV) ## format, lint, imports and types, without the tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy

format: $(DEV) ## format the code and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

proof: $(DEV) ## the long proofs, and every property on ten times the cases
	$(BIN)/python -m pytest -m "proof or hypothesis" --hypothesis-profile=proof

faults: $(DEV) ## kill -9, disk full, two writers at once
	$(BIN)/python -m pytest -m faults

bench: $(BENCH) ## ratios against the bare scan and peers, on EVENTS generated events
	$(BIN)/python bench/run.py --events $(EVENTS)

plotly: ## build the trimmed plotly.js of reports/assets/plotly again (needs npm; users do not)
	cd reports/assets/plotly && npm ci --ignore-scripts --no-audit --no-fund && node build.mjs

docs: $(DEV) ## write docs/reference.md again from --help, docs/python.md from the docstrings, docs/exports.md from the kinds
	$(BIN)/python docs/reference.py
	$(BIN)/python docs/python_reference.py
	$(BIN)/python docs/exports.py

lock: $(DEV) ## resolve the lock files again (UPGRADE=--upgrade takes newer versions)
	$(BIN)/uv pip compile $(LOCK) pyproject.toml --group build -o requirements.lock
	$(BIN)/uv pip compile $(LOCK) pyproject.toml --group build --extra dev -c requirements.lock -o requirements-dev.lock
	$(BIN)/uv pip compile $(LOCK) pyproject.toml --extra bench -c requirements-dev.lock -o requirements-bench.lock

LOCK = --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links --no-emit-package journeys $(UPGRADE)

wheel: $(DEV) ## build dist/journeys-*.whl
	$(BIN)/uv build --wheel --no-build-isolation --python $(BIN)/python --quiet -o dist

clean: ## remove .venv, caches and what was built
	rm -rf $(VENV) build dist htmlcov .coverage .coverage.* bench/out
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Debian splits venv from Python: install it if we may, else say what to install.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "journeys needs Python 3.11 or newer as '$(PYTHON)'; try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null; \
		else \
			echo "Python's venv module is missing; as root: apt-get install python3-venv" >&2; exit 1; \
		fi; }
	@rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)

# A lock is installed once; the stamp is older than a changed lock, so a change installs it again. It names all there is,
# so nothing is resolved again (--no-deps): a release made since cannot come in between.
# An installed `journeys` is a link to this folder: edits need no new setup.
$(CORE): requirements.lock pyproject.toml | $(VENV)/bin/python
	$(PIP) install --no-deps --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): requirements-dev.lock $(CORE)
	$(PIP) install --no-deps --require-hashes -r requirements-dev.lock
	@touch $@

$(BENCH): requirements-bench.lock $(DEV)
	$(PIP) install --no-deps --require-hashes -r requirements-bench.lock
	@touch $@
