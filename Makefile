# Everything works from a fresh clone with python3 >= 3.11 and make: the targets create .venv themselves.
# `make PYTHON=/path/to/python3.12 test` chooses another interpreter for .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet

# The stamps say what is installed in .venv, so a second run installs nothing. Each installation is
# editable and only adds to the one before it, so `demo` and `test` can share .venv.
CREATED := $(VENV)/.created
WITH_REPORT := $(VENV)/.with-report
WITH_DEV := $(VENV)/.with-dev

# Packages that `bench` compares with, in an environment of their own.
PEERS := .bench/peers
WITH_PEERS := $(PEERS)/.with-peers

# These write the data that the other scripts read; common.R is sourced by them.
R_DATA := tests/reference/R/make_data.R tests/reference/R/make_factor_data.R tests/reference/R/make_structural_data.R
R_SCRIPTS := $(R_DATA) $(filter-out $(R_DATA) %/common.R,$(sort $(wildcard tests/reference/R/*.R)))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help venv test demo check lint types imports docs doctest notebooks reference bench compat clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv: $(WITH_DEV)  ## create .venv with everything for development

test: $(WITH_DEV)  ## run the tests
	$(BIN)/python -m pytest -n auto

demo: $(WITH_REPORT)  ## read an example survey, write report.html, print a summary
	@$(BIN)/servqual demo

check: lint types imports docs doctest notebooks  ## run every check that is not a test

lint: $(WITH_DEV)  ## ruff
	$(BIN)/ruff check .

types: $(WITH_DEV)  ## mypy --strict on package and tests
	$(BIN)/mypy

imports: $(WITH_DEV)  ## the direction of imports and the public list
	$(BIN)/python -m pytest tests/architecture

docs: $(WITH_DEV)  ## build the documentation into docs/_build/html, warnings are errors
	@rm -rf docs/_build docs/reference/generated  # a page is executed again only when it is new to Sphinx
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html

doctest: $(WITH_DEV)  ## run the examples in docstrings and pages
	MPLBACKEND=Agg $(BIN)/python -m pytest -n auto --doctest-modules --doctest-glob='*.md' \
		--ignore=docs/conf.py --ignore=docs/_build --ignore=docs/notebooks \
		servqual docs $(wildcard README.md)

notebooks: $(WITH_DEV)  ## execute the notebooks (their files stay as they are)
	@for notebook in notebooks/*.ipynb; do \
		[ -e "$$notebook" ] || { echo "notebooks/ holds no notebook." >&2; exit 1; }; \
		echo "executing $$notebook"; \
		$(BIN)/jupyter-execute "$$notebook" || exit 1; \
	done

reference:  ## compute tests/reference/expected/*.json again with R
	@command -v Rscript >/dev/null || { \
		echo "Rscript was not found; the expected values stay as they are." >&2; \
		echo "On Debian or Ubuntu: sudo apt-get install r-base r-cran-jsonlite r-cran-psych r-cran-lavaan r-cran-semtools r-cran-gparotation r-cran-numderiv r-cran-sandwich r-cran-lmtest r-cran-survey r-cran-boot r-cran-mass r-cran-ordinal r-cran-lme4 r-cran-lmertest r-cran-clubsandwich r-cran-car" >&2; \
		exit 1; }
	@for script in $(R_SCRIPTS); do \
		echo "running $$script"; \
		Rscript "$$script" || exit 1; \
	done

bench: $(WITH_DEV) $(WITH_PEERS)  ## compare results and times with other packages, write the table into the page
	$(BIN)/python -m tests.benchmarks --peers $(PEERS)/bin/python --page docs/explanation/benchmarks.md

compat:  ## run the tests with the oldest dependencies (Python 3.11) and the newest (3.13)
	@bash .ci/compat

clean:  ## remove everything that was built or cached, .venv too
	rm -rf $(VENV) .compat .bench build dist docs/_build docs/notebooks docs/reference/generated report.html
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find servqual tests docs notebooks -name __pycache__ -type d -prune -exec rm -rf {} +

$(CREATED):
	@command -v "$(PYTHON)" >/dev/null || { \
		echo "$(PYTHON) was not found. Install Python 3.11 or newer, or say where it is: make PYTHON=/path/to/python3 ..." >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is `"$(PYTHON)" --version 2>&1`; Python 3.11 or newer is needed. Say where it is: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	@"$(PYTHON)" -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "$(PYTHON) cannot create a virtual environment: its modules venv and ensurepip are missing." >&2; \
		echo "On Debian or Ubuntu: sudo apt-get install python3-venv" >&2; exit 1; }
	"$(PYTHON)" -m venv --clear $(VENV)
	@touch $@

# A user of `make demo` needs no more than this; where the development set is installed, it is enough.
$(WITH_REPORT): $(CREATED) pyproject.toml
	@if [ ! -e $(WITH_DEV) ] || [ pyproject.toml -nt $(WITH_DEV) ]; then \
		echo "installing servqual with its report into $(VENV) (a minute or two, once)"; \
		$(PIP) install -e '.[report]'; \
	fi
	@touch $@

$(WITH_DEV): $(CREATED) pyproject.toml
	@echo "installing servqual for development into $(VENV) (a few minutes, once)"
	@$(PIP) install -e '.[report,spss,scale,dev]'
	@touch $@

$(WITH_PEERS): $(CREATED) tests/benchmarks/peers.txt
	@echo "installing the packages to compare with into $(PEERS) (a minute or two, once)"
	@$(BIN)/python -m venv --clear $(PEERS)
	@$(PEERS)/bin/python -m pip --disable-pip-version-check --quiet --quiet install -r tests/benchmarks/peers.txt
	@touch $@
