# One verb for each thing a person wants; continuous integration calls the same ones.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
WORKERS ?= auto

.DEFAULT_GOAL := help
.PHONY: help setup demo test slow check lint types bench image contract package checks clusters up down lock clean

help: ## print these verbs
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1|\2/p' $(firstword $(MAKEFILE_LIST)) | \
	  while IFS='|' read -r verb text; do printf '%-12s %s\n' "$$verb" "$$text"; done

setup: $(VENV)/.runtime ## make .venv from the lock file (the other verbs do it themselves)

demo: $(VENV)/.runtime ## make a data set with faults, run a baseline and a monitoring job on it, show what was found
	@$(BIN)/python -m demo.run

test: $(VENV)/.dev ## run the tests but the slow ones; ARGS="-k moments" chooses
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

slow: $(VENV)/.dev ## run the slow tests: most of those on Spark, large inputs, whole clusters of processes
	$(BIN)/python -m pytest -n $(WORKERS) -m slow $(ARGS)

check: lint types test ## lint, format, types and tests

lint: $(VENV)/.dev ## style and format
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(VENV)/.dev ## static types
	$(BIN)/mypy

bench: $(VENV)/.peers ## measure against DuckDB, whylogs and the floor; ARGS=--quick for a minute's worth
	$(BIN)/python -m benchmarks.run $(ARGS)

image: ## build the container image and report its size (docs/reference/container.md)
	container/build $(ARGS)

contract: $(VENV)/.dev ## run the container tests on the image; ANALYZER_IMAGE names another one
	ANALYZER_REQUIRE_DOCKER=1 ANALYZER_IMAGE=$${ANALYZER_IMAGE:-model-monitor-analyzer} \
	  $(BIN)/python -m pytest -m docker tests/container $(ARGS)

package: $(VENV)/.runtime ## build the archive that spark-submit ships (docs/reference/clusters.md) into dist
	$(BIN)/python -m emr.package $(ARGS)

checks: $(VENV)/.dev ## run users' own checks against Deequ, every kind of them (needs Java and Deequ's jars)
	$(BIN)/python -m tests.jars && ANALYZER_REQUIRE_DEEQU=1 $(BIN)/python -m pytest -n $(WORKERS) -m deequ tests $(ARGS)

clusters: $(VENV)/.dev ## ship the archive to a standalone Spark and a YARN on this machine (needs Java and Maven)
	ANALYZER_REQUIRE_CLUSTERS=1 $(BIN)/python -m pytest -m clusters tests/clusters $(ARGS)

up: ## run the demo in containers, against a stand-in for S3; HOSTS=two uses two hosts
	container/up $(HOSTS)

down: ## stop and remove what `make up` left
	container/compose down --volumes

lock: ## renew the lock files from pyproject.toml (needs uv)
	./requirements.sh

clean: ## remove what was made, .venv included
	rm -rf $(VENV) demo-data build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage

$(VENV)/.python:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) was not found. Hint: install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit("Python 3.11 or newer is needed, $(PYTHON) is %d.%d. Hint: make PYTHON=python3.11 demo" % v[:2])'
	@echo "making $(VENV)" && $(PYTHON) -m venv $(VENV) && touch $@

$(VENV)/.runtime: requirements.lock pyproject.toml $(VENV)/.python
	@echo "installing what the analyzer needs" && $(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation -e . && touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	@echo "installing what the tests need" && $(PIP) --no-build-isolation --require-hashes -r requirements-dev.lock && touch $@

$(VENV)/.peers: requirements-peers.lock $(VENV)/.runtime
	@echo "installing the peers" && $(BIN)/python -m venv $(VENV)/peers
	@$(VENV)/peers/bin/python -m pip --disable-pip-version-check install --quiet --no-deps --require-hashes -r requirements-peers.lock && touch $@
