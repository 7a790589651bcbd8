# make demo | test | check | bench    everything is set up inside the checkout, on first use
.DEFAULT_GOAL := help
PYTHON ?= $(firstword $(foreach v,3.13 3.12 3.11,$(if $(shell python$(v) -c 'print(1)' 2>/dev/null),python$(v))) python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PEERS := $(VENV)/.peers
DEMO_DIR ?= demo-shop
SLOW ?=
JOBS ?= $(shell $(PYTHON) -c 'import os; print(min(8, (os.cpu_count() or 1) + 1))')
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help demo test check bench bench-extract bench-crawl bench-plan bench-match bench-publish lock docs clean

help:
	@echo "make demo    a small market on this machine, priced end to end (folder: $(DEMO_DIR)/)"
	@echo "make test    the tests (SLOW=1: the slow ones too; JOBS=1: one after the other)"
	@echo "make check   linters, types, layers, generated docs and schemas"
	@echo "make bench   the measurements of benchmarks/; bench-extract (TRUTH=folder of pages), bench-crawl, bench-plan and"
	@echo "             bench-match one by one, beside their peers; bench-publish"

$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3,11) <= sys.version_info[:2] <= (3,13) else "pricewatch needs Python 3.11, 3.12 or 3.13; this is " + sys.version.split()[0] + " (set PYTHON=...)")'
	@echo "setting up $(VENV) (once) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --require-hashes -r requirements/dev.txt
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

# the peers that the measurements stand beside
$(PEERS): $(READY) requirements/bench.txt
	@echo "installing the peers (once) ..."
	@$(BIN)/pip install --quiet --require-hashes -r requirements/bench.txt
	@touch $@

demo: $(READY)
	@$(BIN)/pricewatch demo --folder $(DEMO_DIR)

test: $(READY)
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(if $(SLOW),,-m "not slow")

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pricewatch.cli.reference --check

docs: $(READY)
	$(BIN)/python -m pricewatch.cli.reference

bench-plan: $(PEERS)
	$(BIN)/python -m benchmarks.plan

bench-match: $(PEERS)
	$(BIN)/python -m benchmarks.matching

bench-crawl: $(PEERS)
	$(BIN)/python -m benchmarks.crawl

bench-publish: $(READY)
	$(BIN)/python -m benchmarks.publish

bench: $(PEERS)
	$(BIN)/python -m benchmarks

bench-extract: $(PEERS)
	$(BIN)/python -m benchmarks.extract --all $(if $(TRUTH),--truth $(TRUTH))

lock: $(READY)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate pyproject.toml --all-extras -o requirements/run.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate pyproject.toml --group dev -o requirements/dev.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate pyproject.toml --group dev --group bench -o requirements/bench.txt

clean:
	rm -rf $(VENV) $(DEMO_DIR) .mypy_cache .ruff_cache .hypothesis
