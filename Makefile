# Every target makes its own virtual environment; nothing has to be installed by hand but Python 3.11+.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMPS := $(VENV)/.installed

LOCALE   := curate/i18n/locale
# The functions whose arguments are texts to translate.
KEYWORDS := _ N_ msg nmsg:1,2 counted:1,2 gettext ngettext:1,2 pgettext:1c,2

SITE := NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build -q --strict

.PHONY: demo test check site format messages fuzz audit-dependencies bench clean

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
	$(BIN)/python -m tests.browsing || $(BIN)/playwright install chromium || echo "no Chromium: browser tests will be skipped"
	$(BIN)/pytest

check: $(STAMPS)-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(SITE)

# The pages of docs/ as a site, without a warning; build/site/index.html is its start.
site: $(STAMPS)-dev
	$(SITE)

format: $(STAMPS)-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Bring the catalogues up to the texts in the code; what is new has then to be translated by hand.
messages: $(STAMPS)-dev
	$(BIN)/pybabel -q extract -F babel.cfg --no-default-keywords $(KEYWORDS:%=-k %) --sort-by-file --add-location=file \
		--width=110 --project=imagecurate -o $(LOCALE)/curate.pot curate ui train reports
	$(BIN)/pybabel -q update -i $(LOCALE)/curate.pot -d $(LOCALE) -D curate --no-fuzzy-matching --ignore-obsolete \
		--ignore-pot-creation-date --width=110
	rm $(LOCALE)/curate.pot

# A minute of files that strangers may have bent: rows, or one line, never a traceback.
fuzz: $(STAMPS)-dev
	$(BIN)/python -m tests.fuzz --seconds 60

# Asks PyPI about known weaknesses of everything that is installed.
audit-dependencies: $(STAMPS)-dev
	$(BIN)/pip-audit --skip-editable

# Speed and accuracy tables; minutes, not seconds. Never part of `test`.
bench: $(STAMPS)-dev
	$(BIN)/pytest tests/benchmarks -p no:cacheprovider -s

clean:
	rm -rf $(VENV) $(VENV)-fastdup curate-demo
