# Two commands do everything, set-up included: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# Two tests at a time, those of a file by one process, which shares what it has made.
PYTEST := $(BIN)/python -m pytest --numprocesses 2 --dist loadfile

.PHONY: setup demo test test-slow lint

setup: $(READY)

demo: setup
	$(BIN)/edge run --preset quickstart --out runs/quickstart
	@echo "Rank with it: $(BIN)/edge rank runs/quickstart/export/movies.edge --request examples/request.json --budget-ms 20"

test: lint
	$(PYTEST) -m "not slow"

test-slow: setup
	$(PYTEST) -m slow

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# --no-deps: the file is complete, so nothing is resolved and no second torch can slip in.
# --no-compile: most of what is installed is never imported; the rest compiles when it is.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --no-deps --no-compile -r constraints.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $(READY)
