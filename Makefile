# Everything here is safe to repeat, and quick when nothing has changed. Needs Python 3.11+ and make.

PYTHON ?= python3
DEBUG ?= true
TESTS ?= tests
RERUNS ?= 0
NAME ?=
DATABASE ?= sqlite
ORDERS ?= 2000
SEED ?= 1
SCENARIO ?= storm

# Exported rather than written before each command: what the caller sets wins.
export DEBUG
export UV_PROJECT_ENVIRONMENT := $(CURDIR)/.venv
export UV_PYTHON_DOWNLOADS := never
# uv brings its own certificates; a company's proxy is known only to the system's, where there are any.
export UV_SYSTEM_CERTS ?= $(if $(wildcard /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem),true,false)

BIN := .venv/bin
MANAGE := $(BIN)/python manage.py
UV_VERSION := 0.13.9
UV := $(BIN)/uv sync --frozen --inexact --quiet

.DEFAULT_GOAL := help
.PHONY: help run demo test test-sqlite test-postgres test-rabbitmq fuzz audit drill bench check lint format types imports migrations templates docs studio settings-docs key superuser clean

help: ## show this
	@echo "Postroom: orders in, delivered email out."
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|' 2>/dev/null \
		|| sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1: \2/p' $(MAKEFILE_LIST)
	@echo
	@echo "  PORT=8001 make run         serve on another port"
	@echo "  PYTHON=python3.12 make run choose the Python for .venv"
	@echo "  TESTS=tests/orders make test-sqlite   run some of the tests"
	@echo "  DATABASE=postgres ORDERS=300 SEED=2 make drill   another drill"
	@echo "  SCENARIO=outage make drill   or backlog: see docs/drill.md"

run: .venv/.installed ## start everything, until Ctrl-C
	@$(MANAGE) up

demo: .venv/.installed ## fill the development database with a believable week, to look at
	@$(MANAGE) migrate --verbosity 0
	@$(MANAGE) demo

test: test-sqlite test-postgres ## run all tests, on SQLite and on PostgreSQL

test-sqlite: .venv/.installed-dev ## run all tests on SQLite
	$(call run_tests,sqlite)

test-postgres: .venv/.installed-dev ## run on PostgreSQL all tests that meet a database
	$(call run_tests,postgres)

test-rabbitmq: .venv/.installed-dev ## run end-to-end tests on RabbitMQ (Debian: rabbitmq-server)
	@TEST_BROKER=rabbitmq $(BIN)/pytest $(addprefix tests/end_to_end/test_,delivery.py webhooks.py templates.py \
		metrics.py worker_death.py broker_death.py)

fuzz: .venv/.installed-dev ## attack the API by its own schema with 5,000 requests and chains of them
	@SCHEMATHESIS_SEED=$(SEED) SCHEMATHESIS_PHASES=examples,coverage,fuzzing,stateful \
		$(BIN)/pytest tests/schema/test_schemathesis.py

audit: .venv/.installed-dev ## ask the package index for known vulnerabilities of what uv.lock names
	@$(BIN)/uv export --frozen --no-dev --no-emit-project --quiet --format requirements-txt > .venv/audited.txt
	@$(BIN)/pip-audit --strict --requirement .venv/audited.txt --disable-pip --progress-spinner off || { \
		echo "Not clean, or not asked: a mirror of the index has no answer to this (see SECURITY.md)."; exit 1; }

drill: .venv/.installed-dev ## see that nothing is lost while providers fail and processes are killed
	@$(BIN)/python -m tests.drill $(SCENARIO) --database $(DATABASE) --orders $(ORDERS) --seed $(SEED)

bench: .venv/.installed-dev ## measure Postroom beside its peers (PARTS="drain live …"; see docs/performance.md)
	@$(UV) --group dev --group bench
	@$(BIN)/python -m benchmarks $(PARTS)

check: lint types imports migrations templates ## everything but the tests

lint: .venv/.installed-dev ## find mistakes and unformatted code
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

format: .venv/.installed-dev ## format the code and mend what can be mended
	@$(BIN)/ruff check --fix --exit-zero
	@$(BIN)/ruff format

types: .venv/.installed-dev ## check the types
	@$(BIN)/mypy

imports: .venv/.installed-dev ## check which package imports which
	@$(BIN)/lint-imports

migrations: .venv/.installed-dev ## check that no migration is missing and Django is content
	@$(MANAGE) makemigrations --check --dry-run
	@$(MANAGE) check

templates: .venv/.installed-dev ## check the mails' templates against what their events promise
	@$(MANAGE) templates check

docs: .venv/.installed-docs ## build the documentation's site into var/docs; a warning is an error
	@$(BIN)/sphinx-build -q -W --keep-going -b html docs var/docs
	@echo "var/docs/index.html"

studio: ## bundle the template editor's scripts again (needs npm)
	@cd platform/studio/frontend && npm ci && npm run build

settings-docs: .venv/.installed ## write docs/settings.md
	@$(MANAGE) settings_docs

key: .venv/.installed ## make an API key: make key NAME=mine
	@test -n "$(NAME)" || { echo "Give the key a name: make key NAME=mine"; exit 2; }
	@$(MANAGE) create_api_key "$(NAME)"

superuser: .venv/.installed ## make an administrator
	@$(MANAGE) createsuperuser

clean: ## remove the virtual environment and caches; data in var/ stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Tests that start processes or a browser of their own run two at a time: they mostly wait for things
# to happen, and more of them would wait for the machine. pytest ends with 5 when there is nothing of
# that kind in $(TESTS).
WITH_PROCESSES := end_to_end or browser or drill
define run_tests
@TEST_DATABASE=$(1) $(BIN)/pytest -n auto --maxprocesses 4 -m "not ($(WITH_PROCESSES))" $(TESTS) || [ $$? -eq 5 ]
@TEST_DATABASE=$(1) $(BIN)/pytest -n auto --maxprocesses 2 --dist loadfile -m "$(WITH_PROCESSES)" --reruns $(RERUNS) $(TESTS) || [ $$? -eq 5 ]
endef

# --- the virtual environment -----------------------------------------------------------------

.venv/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Postroom needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>/dev/null || echo missing)."; \
		echo "Name another one: make PYTHON=python3.12 run"; exit 1; }
	@echo "making .venv with $$($(PYTHON) --version) …"
	@$(PYTHON) -m venv .venv || { \
		echo "Python's venv module is missing; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@touch $@

.venv/.uv-$(UV_VERSION): .venv/.python
	@echo "installing uv $(UV_VERSION) into .venv …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

.venv/.installed: uv.lock pyproject.toml .venv/.uv-$(UV_VERSION)
	@echo "installing what uv.lock names …"
	@$(UV)
	@touch $@

.venv/.installed-docs: .venv/.installed
	@echo "installing what builds the documentation …"
	@$(UV) --group docs
	@touch $@

.venv/.installed-dev: .venv/.installed
	@echo "installing what the tests and checks need …"
	@$(UV) --group dev
	@touch $@
