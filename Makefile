# Every target installs what it needs and nothing twice; a second run starts in seconds.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help serve test check bench setup setup-tests catalogues forms-page lock format clean

PYTHON ?= python3
PORT ?= 8000
PYTEST_ARGS ?=

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# Liberation 2, not `fonts-liberation`: version 1 lacks the Kazakh letters. DejaVu has the signs
# that Liberation lacks (☐ ☑ ✂ ₸). tzdata: since 2024-03-01 all of Kazakhstan keeps UTC+5.
SERVE_PACKAGES := libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-liberation2 \
    fonts-dejavu-core tzdata
# chromium-headless-shell is Chromium without windows: a quarter of its work for a page. maven brings
# a Java runtime and fetches veraPDF (scripts/fetch-verapdf.sh); Playwright's driver needs libatomic1
# and does not say so.
TEST_PACKAGES := chromium-headless-shell libatomic1 libnss3-tools libxml2-utils maven openssl \
    poppler-utils qpdf softhsm2

# A stamp is named after the content that it stands for: a lock that changed makes a new one.
key = $(shell cat $(1) | sha256sum | cut -c1-16)
STAMPS := .venv/stamps
RUNTIME := $(STAMPS)/runtime-$(call key,requirements/build.txt requirements/runtime.txt)
DEVELOPMENT := $(STAMPS)/development-$(call key,requirements/*.txt)
BROWSER := $(STAMPS)/browser-$(call key,package.json package-lock.json)
PACKAGE := $(STAMPS)/package-$(call key,pyproject.toml requirements/build.txt)

CATALOGUES := $(patsubst %.po,%.mo,$(wildcard forms_server/web/translations/*/LC_MESSAGES/*.po))

help:
	@echo 'make serve    set up and serve on http://127.0.0.1:$(PORT)'
	@echo 'make test     set up and run all tests (PYTEST_ARGS="tests/specs -x" for some)'
	@echo 'make check    lint, format, types, import directions, spelling, locks, specifications'
	@echo 'make bench    measure, against the naive pipeline and Chromium'
	@echo 'make forms-page  write docs/forms.md and its pictures anew'
	@echo 'make format   put the code in the one format'
	@echo 'make lock     renew requirements/*.txt'
	@echo 'make clean    remove what set-up and tests made; documents in var/ stay'

serve: setup
	@exec $(BIN)/forms-server serve --port $(PORT)

# Tests in a browser share one worker: they need one browser and one server, and mostly wait for them;
# so there is a worker more than most machines have cores.
test: setup-tests
	@$(BIN)/python -m pytest -n 3 --dist loadgroup $(PYTEST_ARGS)

check: setup-tests
	@scripts/check.sh

bench: setup-tests
	@$(BIN)/forms-server bench

setup: serve-packages $(RUNTIME) $(PACKAGE) $(BROWSER) catalogues

setup-tests: serve-packages test-packages $(DEVELOPMENT) $(PACKAGE) $(BROWSER) catalogues
	@scripts/fetch-verapdf.sh

.PHONY: serve-packages test-packages
serve-packages:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed.")'
	@scripts/install-packages.sh $(SERVE_PACKAGES) \
	    $$($(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv)

test-packages: serve-packages
	@scripts/install-packages.sh $(TEST_PACKAGES)

$(BIN)/python: | serve-packages
	@echo 'Creating .venv'
	@$(PYTHON) -m venv .venv

# The build tools come first and by hash, so nothing is built with anything unlocked.
# Development holds all of runtime in the same versions.
$(RUNTIME) $(DEVELOPMENT): | $(BIN)/python
	@echo 'Installing requirements/$(firstword $(subst -, ,$(@F))).txt'
	@$(PIP) install --require-hashes --no-deps -r requirements/build.txt
	@$(PIP) install --require-hashes --no-deps --no-build-isolation --use-pep517 \
	    -r requirements/$(firstword $(subst -, ,$(@F))).txt
	@mkdir -p $(STAMPS)
	@rm -f $(STAMPS)/$(firstword $(subst -, ,$(@F)))-*
	@touch $@

$(PACKAGE): | $(BIN)/python
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@rm -f $(STAMPS)/package-*
	@touch $@

# What browsers are sent that is not ours; the lock names it by hash.
$(BROWSER): | $(BIN)/python
	@PYTHON=$(BIN)/python scripts/fetch-browser-packages.sh
	@mkdir -p $(STAMPS)
	@rm -f $(STAMPS)/browser-*
	@touch $@

catalogues: $(CATALOGUES)

%.mo: %.po
	@$(BIN)/pybabel --quiet compile --input-file $< --output-file $@

forms-page: setup-tests
	@PYTHONPATH=. $(BIN)/python scripts/write_forms_page.py

lock:
	@scripts/lock.sh

format: $(DEVELOPMENT)
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format .

clean:
	rm -rf .venv .cache .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis \
	    build dist tests/browser/screenshots static/packages $(CATALOGUES)
	find forms_server tests scripts -name __pycache__ -prune -exec rm -rf {} +
