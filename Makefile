# Two commands on a fresh machine: make doctor, make test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: doctor test lint bench matrix clean

doctor: $(VENV)/.installed
	@$(BIN)/compatcheck doctor; status=$$?; \
	if ! ls /dev/nvidia* /dev/dxg /dev/nvgpu >/dev/null 2>&1; then \
		echo; echo "---- no NVIDIA GPU here: the example machine instead ----"; echo; \
		$(BIN)/compatcheck doctor --example; \
		echo; echo "---- compatcheck plan --torch 2.x --onnxruntime '*' --machine compat/examples/workstation.toml ----"; echo; \
		$(BIN)/compatcheck plan --torch 2.x --onnxruntime '*' --machine compat/examples/workstation.toml; \
	elif [ $$status -gt 1 ]; then exit $$status; fi

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n auto

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check compat scripts tests benchmarks
	$(BIN)/mypy
	$(BIN)/compatcheck matrix validate
	$(BIN)/python -m scripts.readme --check
	$(BIN)/python -m scripts.rulebook --check
	$(BIN)/python -m scripts.matrix_readme --check

bench: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks

# The observed part of the matrix anew, from the package index and public repositories.
matrix: $(VENV)/.installed-dev
	$(BIN)/python -m scripts.harvest --all

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "$(PYTHON) is missing or older than 3.10; name another: make doctor PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install -q --disable-pip-version-check -e .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) compat/matrix/compiled .pytest_cache .mypy_cache .ruff_cache
