# `make demo` and `make test` set up what they need, in .venv; a second run starts at once.

PYTHON ?= python3
# How many processes run the tests: two for each core of a small machine, since many tests only wait.
JOBS ?= 4
export PROMPT ?= What is the capital of France?
# With UPGRADE=--upgrade, `make lock` pins the newest versions; without, it keeps pins that fit.
UPGRADE ?=

# Integrations bring their frameworks, so only developers install them.
PLUGINS := $(patsubst %/pyproject.toml,%,$(sort $(wildcard plugins/*/pyproject.toml)))
INTEGRATIONS := $(patsubst %/pyproject.toml,%,$(sort $(wildcard integrations/*/pyproject.toml)))
# strands-agents allows no mcp as new as modelwire-mcp needs, so these two are not resolved together.
# What modelwire-strands uses of it imports no mcp: here it runs beside the newer one.
APART := integrations/strands
# Ray takes 600 MB. Its integration is installed and tested in an environment of its own only.
ALONE := integrations/ray
PACKAGES := core $(PLUGINS) $(filter-out $(APART) $(ALONE),$(INTEGRATIONS))
NAMES := modelwire $(subst _,-,$(patsubst %,modelwire-%,$(notdir $(PLUGINS) $(INTEGRATIONS))))
MANIFESTS := pyproject.toml $(addsuffix /pyproject.toml,core $(PLUGINS))
BIN := .venv/bin
PIP := $(BIN)/python -m pip install
# Prints one line per step; the output of a command is shown if it fails.
STEP := $(PYTHON) scripts/step.py
PYTEST = $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

# The tests start hundreds of interpreters: each reads what the one before has compiled.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: bench demo demo-bedrock test test-extensive format lint types unit docs published lock release clean

demo: .venv/demo
	@$(BIN)/modelwire complete "$$PROMPT"

demo-bedrock: .venv/demo
	@$(BIN)/python docs/examples/bedrock_on_this_machine.py "$$PROMPT"

# The types are among the extensive tests.
test: lint unit

# The tests that take long by nature, such as those of browsers and of frameworks' own suites.
test-extensive: .venv/dev
	@echo "Running the extensive tests"
	@$(PYTEST) -m extensive

format: .venv/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: .venv/dev
	@$(STEP) "Checking the format" $(BIN)/ruff format --check .
	@$(STEP) "Checking the style" $(BIN)/ruff check .

types: .venv/dev
	@$(STEP) "Checking the types" $(BIN)/mypy

unit: .venv/dev
	@echo "Running the tests"
	@$(PYTEST) -m "not extensive"

docs: .venv/dev
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs build/docs
	@echo "build/docs/index.html"

# What `modelwire setup` knows of the plugins here, and the public names; review what has changed.
published: .venv/dev
	$(BIN)/python tests/support/published_plugins.py
	$(BIN)/python tests/support/public_api.py

bench: .venv-bench/modelwire/made
	@.venv-bench/modelwire/bin/python benchmarks/run.py $(ARGUMENTS)

release: .venv-release/made
	@.venv-release/bin/python release/release.py

# Pins the dependencies of the packages, and the tools of a release, with hashes for all platforms.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-strip-extras --custom-compile-command "make lock" $(UPGRADE)

lock: .venv/dev
	@$(STEP) "Installing uv" $(PIP) --group lock
	@printf './%s\n' $(PACKAGES) | $(LOCK) $(addprefix --no-emit-package ,$(NAMES)) -o release/dependencies.txt - >/dev/null
	@printf './%s\n' core plugins/bedrock $(APART) | $(LOCK) $(addprefix --no-emit-package ,$(NAMES)) -o release/dependencies-strands.txt - >/dev/null
	@printf './%s\n' core $(ALONE) | $(LOCK) $(addprefix --no-emit-package ,$(NAMES)) -o release/dependencies-ray.txt - >/dev/null
	@$(LOCK) -o release/tools.txt release/tools.in >/dev/null

clean:
	rm -rf .venv .venv-bench .venv-release

.venv-bench/modelwire/made: benchmarks/requirements.txt $(MANIFESTS)
	$(PYTHON) -m venv .venv-bench/modelwire
	.venv-bench/modelwire/bin/python -m pip install --quiet -e core -e plugins/bedrock -e plugins/openai -e plugins/anthropic -e plugins/gateway -r benchmarks/requirements.txt
	@touch $@

.venv-release/made: release/tools.txt
	@$(STEP) "Creating .venv-release" $(PYTHON) -m venv --clear .venv-release
	@$(STEP) "Installing release tools" .venv-release/bin/python -m pip install --require-hashes --only-binary=:all: -r release/tools.txt
	@touch $@

.venv/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "modelwire needs Python 3.11 or newer; name one with make PYTHON=...")'
	@$(STEP) "Creating .venv" $(PYTHON) -m venv .venv
	@$(STEP) "Updating pip" $(PIP) --upgrade pip
	@touch $@

.venv/demo: .venv/made $(MANIFESTS)
	@$(STEP) "Installing modelwire and its plugins" $(PIP) $(addprefix -e ,core $(PLUGINS))
	@$(STEP) "Installing the small model (98 MB)" $(BIN)/modelwire local install
	@touch $@

.venv/dev: .venv/demo $(addsuffix /pyproject.toml,$(INTEGRATIONS))
	@$(STEP) "Installing development tools" $(PIP) --group dev $(addprefix -e ,$(filter-out $(APART) $(ALONE),$(INTEGRATIONS)))
	@$(STEP) "Installing Strands" $(PIP) --no-deps --group strands $(addprefix -e ,$(APART))
	@touch $@
