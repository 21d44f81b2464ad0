# make run: set up and serve the page. make test: set up and run every check that CI runs.
PYTHON ?= python3
BIN := .venv/bin
TOOLS := .venv/tools/bin

.PHONY: run test lint types unit format chromium fresh-environments trust lock audit clean

run: .venv/run.stamp
	$(BIN)/python app.py

test: lint types unit

lint: .venv/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache

# Gradio writes a .pyi beside subclasses of its components, which an older state may have left.
types: .venv/test.stamp
	find denoise -name '*.pyi' -delete
	$(BIN)/mypy

unit: .venv/test.stamp chromium
	$(BIN)/pytest

format: .venv/test.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.venv/run.stamp: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Setting up .venv: some minutes and about 6 GB, PyTorch above all."
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet -r requirements.txt
	$(BIN)/pip install --quiet --no-deps -e .
	touch $@

.venv/test.stamp: .venv/run.stamp pyproject.toml
	$(BIN)/pip install --quiet -e ".[test]"
	touch $@

# The browser tests drive a real Chromium; on Debian and as root it can be installed here.
chromium:
	@command -v chromium chromium-browser google-chrome >/dev/null 2>&1 && exit 0; \
	if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	  apt-get update -qq && apt-get install -y -qq chromium chromium-driver >/dev/null && exit 0; \
	fi; \
	echo "*** NO CHROMIUM: the browser tests cannot run. Install chromium and try again. ***" >&2

# Both ends of what requirements.txt admits, each in an environment of its own: 15 minutes, 7 GB.
fresh-environments: .venv/test.stamp
	DENOISE_FRESH_ENVIRONMENTS=1 $(BIN)/pytest -rA tests/test_fresh_environments.py

# Attacks a running server for half an hour or more; `make test` has a short form.
trust: .venv/test.stamp
	$(BIN)/python tests/trust.py

# The versions that .venv has, with hashes, for Python 3.11 to 3.13.
lock: .venv/run.stamp .venv/tools.stamp
	$(BIN)/pip freeze --exclude-editable > .venv/tested.txt
	$(TOOLS)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-annotate --custom-compile-command "make lock" \
	  --constraints .venv/tested.txt --output-file requirements.lock requirements.txt

# Exit code 1: something was found; 2: no database of known flaws can be reached.
audit: .venv/run.stamp .venv/tools.stamp
	$(TOOLS)/python .ci/audit.py

# In an environment of their own, so that they change nothing of what is tested.
.venv/tools.stamp:
	test -x $(TOOLS)/python || $(PYTHON) -m venv .venv/tools
	$(TOOLS)/pip install --quiet pip-audit pip-licenses uv
	touch $@

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache build dist *.egg-info
