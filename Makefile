# Two commands on a fresh machine with only Python and make: `make demo` and `make test`. Both do all their set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
NEEDED := "import sys; sys.exit(sys.version_info < (3, 11) and 'sattrack needs Python 3.11 or newer; try: make PYTHON=python3.12')"

export YOLO_OFFLINE := true
export YOLO_AUTOINSTALL := false

# Only archives that requirements.lock names by hash are installed. With HASHED=no the same versions from any index: for builds
# of torch without CUDA (PIP_EXTRA_INDEX_URL), or mirrors that build packages themselves.
HASHED ?= yes
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test lint types lock clean
.DELETE_ON_ERROR:

# An environment that is there and works is kept, whoever made it; one left half made is made anew.
$(STAMP): pyproject.toml constraints.txt requirements.lock
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { $(PYTHON) -c $(NEEDED) && $(PYTHON) -m venv --clear $(VENV); }
ifeq ($(HASHED),yes)
	$(PIP) --require-hashes -r requirements.lock
	$(PIP) --no-deps --no-build-isolation -e .
else
	$(PIP) -c constraints.txt -e ".[dev]"
endif
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

# After a change of pyproject.toml or constraints.txt. Hashes are of every archive of a version on PyPI, for all platforms and
# Pythons. What builds sattrack itself is locked too: an editable install needs hatchling and editables.
lock:
	$(PYTHON) -m venv --clear build/lock
	build/lock/bin/python -m pip install --quiet --disable-pip-version-check uv
	printf 'hatchling>=1.25\neditables\n' | build/lock/bin/uv --no-config pip compile pyproject.toml - --extra dev \
		--constraint constraints.txt --universal --python-version 3.11 --generate-hashes --no-annotate --quiet \
		--custom-compile-command "make lock" --output-file requirements.lock

clean:
	rm -rf $(VENV) demo-run build dist .pytest_cache .mypy_cache .ruff_cache
