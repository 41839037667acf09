# Two commands do everything, set-up included: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: setup demo test test-slow lint docs

setup: $(READY)

demo: setup
	$(BIN)/edge run --preset quickstart --out runs/quickstart
	@echo "Rank with it: $(BIN)/edge rank runs/quickstart/export/movies.edge --request examples/request.json --budget-ms 20"

test: lint
	$(BIN)/python -m pytest -m "not slow"

test-slow: setup
	$(BIN)/python -m pytest -m slow

docs: setup
	$(BIN)/python -m mkdocs build --strict
	@echo "Open build/docs/index.html"

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
