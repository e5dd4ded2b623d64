# Every target makes its own virtual environment; nothing has to be installed by hand but Python 3.11+.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMPS := $(VENV)/.installed

.PHONY: demo test check format bench clean

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# Core, reviewer and report: no torch.
$(STAMPS)-demo: pyproject.toml | $(BIN)/python
	$(BIN)/pip install -q -e '.[ui,report]'
	touch $@

$(STAMPS)-dev: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/pip install -q -c constraints.txt -e '.[dev]'
	touch $@ $(STAMPS)-demo

demo: $(STAMPS)-demo
	$(BIN)/curate demo curate-demo

test: $(STAMPS)-dev
	$(BIN)/pytest

check: $(STAMPS)-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMPS)-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Speed and accuracy tables; minutes, not seconds. Never part of `test`.
bench: $(STAMPS)-dev
	$(BIN)/pytest tests/benchmarks -p no:cacheprovider -s

clean:
	rm -rf $(VENV) curate-demo
