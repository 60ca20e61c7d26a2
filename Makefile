# `make demo` and `make test` set up what they need, in .venv; a second run starts at once.

PYTHON ?= python3
# How many processes run the tests.
JOBS ?= 2
export PROMPT ?= What is the capital of France?

PACKAGES := core plugins/anthropic plugins/bedrock plugins/cache plugins/local plugins/openai plugins/otel
EDITABLE := $(addprefix -e ,$(PACKAGES))
MANIFESTS := pyproject.toml $(addsuffix /pyproject.toml,$(PACKAGES))
BIN := .venv/bin

.PHONY: bench demo demo-bedrock test format lint types unit docs published clean

demo: .venv/demo
	@$(BIN)/modelwire complete "$$PROMPT"

demo-bedrock: .venv/demo
	@$(BIN)/python docs/examples/bedrock_on_this_machine.py "$$PROMPT"

test: lint types unit

format: .venv/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: .venv/dev
	$(BIN)/mypy

unit: .venv/dev
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

docs: .venv/dev
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs build/docs
	@echo "build/docs/index.html"

# What `modelwire setup` knows of the plugins here, and the public names; review what has changed.
published: .venv/dev
	$(BIN)/python tests/support/published_plugins.py
	$(BIN)/python tests/support/public_api.py

bench: .venv-bench/modelwire/made
	@.venv-bench/modelwire/bin/python benchmarks/run.py $(ARGUMENTS)

clean:
	rm -rf .venv .venv-bench

.venv-bench/modelwire/made: benchmarks/requirements.txt $(MANIFESTS)
	$(PYTHON) -m venv .venv-bench/modelwire
	.venv-bench/modelwire/bin/python -m pip install --quiet -e core -e plugins/bedrock -e plugins/openai -r benchmarks/requirements.txt
	@touch $@

.venv/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "modelwire needs Python 3.11 or newer; name one with make PYTHON=...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	@touch $@

.venv/demo: .venv/made $(MANIFESTS)
	$(BIN)/python -m pip install $(EDITABLE)
	$(BIN)/modelwire local install
	@touch $@

.venv/dev: .venv/demo
	$(BIN)/python -m pip install --group dev
	@touch $@
