# Two commands on a fresh machine with only Python and make: `make demo` and `make test`. Both do all their set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
NEEDED := "import sys; sys.exit(sys.version_info < (3, 11) and 'sattrack needs Python 3.11 or newer; try: make PYTHON=python3.12')"

export YOLO_OFFLINE := true
export YOLO_AUTOINSTALL := false

.PHONY: demo test lint types clean
.DELETE_ON_ERROR:

# An environment that is there and works is kept, whoever made it; one left half made is made anew.
$(STAMP): pyproject.toml constraints.txt
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { $(PYTHON) -c $(NEEDED) && $(PYTHON) -m venv --clear $(VENV); }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	touch $@

demo: $(STAMP)
	$(BIN)/python -m sattrack demo -o demo-run

# On every core; the tests of a file stay together, since many share one run.
test: $(STAMP)
	$(BIN)/python -m pytest -q -n auto --dist loadfile

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

clean:
	rm -rf $(VENV) demo-run build dist .pytest_cache .mypy_cache .ruff_cache
