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

# fastdup pins Pillow and numpy to old versions: an environment of its own, as its users need one.
$(VENV)-fastdup/.installed:
	$(PYTHON) -m venv $(VENV)-fastdup
	$(VENV)-fastdup/bin/pip install -q fastdup==2.54
	touch $@

demo: $(STAMPS)-demo
	$(BIN)/curate demo curate-demo

test: $(STAMPS)-dev $(VENV)-fastdup/.installed
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
	rm -rf $(VENV) $(VENV)-fastdup curate-demo
