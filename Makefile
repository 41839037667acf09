# Two commands do everything, set-up included: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# Two tests at a time, those of a file by one process, which shares what it has made.
PYTEST := $(BIN)/python -m pytest --numprocesses 2 --dist loadfile

.PHONY: setup demo test test-slow test-android test-ios lint docs dist

setup: $(READY)

demo: setup
	$(BIN)/edge run --preset quickstart --out runs/quickstart
	@echo "Rank with it: $(BIN)/edge rank runs/quickstart/export/movies.edge --request examples/request.json --budget-ms 20"

test: lint
	$(PYTEST) -m "not slow"

test-slow: setup
	$(PYTEST) -m slow

docs: setup
	$(BIN)/python -m mkdocs build --strict
	@echo "Open build/docs/index.html"

# An sdist and a wheel in dist/, checked; .ci/smoke installs one.
dist:
	rm -rf dist
	$(PYTHON) -m venv build/tools
	build/tools/bin/python -m pip install --quiet "build>=1.2" "twine>=6"
	build/tools/bin/python -m build
	build/tools/bin/python -m twine check --strict dist/*

# The ports, with the tools that their toolchain.sh fetches, on a small trained bundle or on the one that EDGE_BUNDLE names.
test-android test-ios: export EDGE_BUNDLE ?= $(CURDIR)/build/small/run/export/movies.edge

test-android: setup
	test -e "$$EDGE_BUNDLE" || $(BIN)/python tests/small_road.py build/small
	android_demo/toolchain.sh apk
	android_demo/test.sh
	android_demo/test_modules.sh
	android_demo/build_apk.sh "$$EDGE_BUNDLE" build/edge.apk

test-ios: setup
	test -e "$$EDGE_BUNDLE" || $(BIN)/python tests/small_road.py build/small
	test "$$(uname)" = Darwin || ios_demo/toolchain.sh    # a Mac has Xcode's
	ios_demo/test.sh

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
