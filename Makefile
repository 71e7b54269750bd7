# Lokus from a fresh clone: every target makes what it needs first, and makes nothing twice.
# Needs make and a Python of 3.11 or later; everything else comes hash-pinned from the lock files.

VENV    := .venv
PY      := $(VENV)/bin/python
PIP     := $(PY) -m pip --disable-pip-version-check
PLACE   := $(VENV)/.place
RUNTIME := $(VENV)/.runtime
DEV     := $(VENV)/.dev
# The phone of the tests that runs in Node; its packages lie beside it.
PHONE   := tests/odk/phone
NPM     := $(VENV)/bin/npm --prefix $(PHONE) --loglevel error

PROJECTS := pyproject.toml clients/python/pyproject.toml
# Tests start a PostgreSQL per run beside the workers, so more workers than cores only wait for each other.
WORKERS  ?= 2
ARGS     ?=
# About a million operations: the size at which rare losses show. Small pages are tried by the tests;
# here they would only make every session longer.
SOAK_SEED   ?= 1
SOAK_SEEDS  ?= 220
SOAK_BURST  ?= 100
SOAK_FAULTS ?= busy,clocks,clones,cut-answers,duplicates,late-duplicates,lost-answers,lost-requests,malformed,phone-crashes,reinstalls,restores,revocations,rollbacks,scopes,server-crashes,undeclared-restores

.DEFAULT_GOAL := help
.PHONY: help install dev run test check check-office format forms soak bench fuzz revision lock clean
.DELETE_ON_ERROR:

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' Makefile

install: $(RUNTIME) ## make .venv with what the server needs

dev: $(DEV) ## make .venv with what tests and checks need too

run: $(RUNTIME) ## serve the demonstration district on 127.0.0.1:8000
	$(VENV)/bin/lokus demo $(ARGS)

test: $(DEV) ## run every test on SQLite and PostgreSQL
	$(PY) -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

check: $(DEV) ## formatting, lint, types and import contracts
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports --no-logo

check-office: $(DEV) ## LibreOffice opens what is exported (needs libreoffice-calc; not part of test)
	$(PY) -m tests.office

format: $(DEV) ## let ruff format and repair what it can
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

soak: $(DEV) ## a nightly-size simulation (SOAK_SEED, SOAK_SEEDS, SOAK_BURST, SOAK_FAULTS)
	$(VENV)/bin/lokus simulate --seed $(SOAK_SEED) --seeds $(SOAK_SEEDS) --burst $(SOAK_BURST) \
		--faults $(SOAK_FAULTS) --workers $(WORKERS) $(ARGS)

bench: $(DEV) ## the benchmarks, which may take their time
	$(PY) -m tests.benchmarks $(ARGS)

fuzz: $(DEV) ## throw mutated forms at the OpenRosa door's readers (ARGS='--seconds 600 --seed 2')
	$(PY) -m tests.fuzz.forms $(ARGS)

revision: $(DEV) ## draft the schema's next revision from the tables (MESSAGE="what changes")
	$(PY) -m migrations.runner $(MESSAGE)
	$(PY) -m ruff format migrations/versions

forms: $(DEV) ## build the XLSForms under clients/odk from their readable source
	$(PY) -m clients.odk.build

# One resolution for every Python from 3.11 on and every platform; --no-emit-* keeps download hosts out.
LOCK = $(PY) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' --group build $(PROJECTS)
lock: $(DEV) ## resolve the lock files anew (ARGS=--upgrade for newer versions)
	$(LOCK) $(ARGS) --output-file requirements.lock
	$(LOCK) $(ARGS) --group dev --constraint requirements.lock --output-file requirements-dev.lock
	$(NPM) install --package-lock-only
	$(VENV)/bin/node $(PHONE)/lock.mjs

clean: ## remove .venv, caches and builds; var/ with its data stays
	rm -rf $(VENV) $(PHONE)/node_modules .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	rm -rf build dist clients/python/build clients/python/dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A venv holds absolute paths: one that was copied here, or whose Python was removed or became
# another version, is made anew.
SOUND := import importlib.util as u; assert u.find_spec("pip"); print(open("$(PLACE)").read())
ifneq ($(shell $(PY) -c '$(SOUND)' 2>/dev/null),$(CURDIR))
.PHONY: $(PLACE)
endif

# Version managers put shims into PATH that fail when their version is off, so each candidate has to run. The base
# interpreter makes the venv: the first python3 may itself be the one in the .venv that is about to go.
$(PLACE):
	@lacking=; \
	for candidate in $(PYTHON) python3 python3.13 python3.12 python3.11 /usr/bin/python3; do \
	  base=$$("$$candidate" -c 'import sys; assert sys.version_info >= (3, 11); print(sys._base_executable)' 2>/dev/null) || continue; \
	  if "$$base" -c 'import ensurepip, venv' 2>/dev/null; then break; fi; \
	  lacking=$$base; base=; \
	done; \
	if [ -z "$$base" ] && [ -n "$$lacking" ]; then \
	  echo "$$lacking cannot make a virtual environment. Install one package: apt-get install python3-venv" >&2; exit 1; \
	elif [ -z "$$base" ]; then \
	  echo "No Python of 3.11 or later found. Install one, or name it: make PYTHON=/path/to/python3 run" >&2; exit 1; \
	fi; \
	echo "Making $(VENV) with $$base"; \
	rm -rf $(VENV) && "$$base" -m venv $(VENV) && printf '%s' '$(CURDIR)' > $(PLACE)

# The locks name everything, so nothing is resolved: a resolver may look past a pin that stands without
# its extra (`coverage[toml]`) to a release that came out later, and then miss its hash.
LOCKED := $(PIP) install --quiet --quiet --require-hashes --no-deps --requirement

$(RUNTIME): $(PLACE) requirements.lock $(PROJECTS)
	@echo 'Installing the runtime packages (about a minute the first time)'
	@$(LOCKED) requirements.lock
	@$(PIP) install --quiet --quiet --no-deps --no-build-isolation --editable . --editable clients/python
	@touch $@

# The development lock holds the runtime lock too, so one pass serves both stamps.
$(DEV): $(PLACE) requirements-dev.lock requirements.lock $(PROJECTS) $(PHONE)/package-lock.json
	@echo 'Installing the runtime and development packages (about two minutes the first time)'
	@$(LOCKED) requirements-dev.lock
	@$(PIP) install --quiet --quiet --no-deps --no-build-isolation --editable . --editable clients/python
	@$(NPM) ci >/dev/null
	@touch $(RUNTIME) $@
