# `make` alone lists the commands.
.DEFAULT_GOAL := help
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help run test faults bench bench-streams check format lock schema clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

$(VENV)/run.stamp: requirements/run.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r requirements/run.lock
	@touch $@

$(VENV)/dev.stamp: requirements/dev.lock $(VENV)/run.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r requirements/dev.lock
	@touch $@

run: $(VENV)/run.stamp ## set up and serve the product with demo data on SQLite
	@$(BIN)/python -m server demo

test: $(VENV)/dev.stamp ## set up and pass the tests (on PostgreSQL and Redis too, where they are there)
	$(BIN)/python -m pytest -n 2 $(ARGS)
	$(BIN)/python -m tests.services -n 2 $(ARGS)

faults: $(VENV)/dev.stamp ## kill what the service stands on under load; account for every write and event
	$(BIN)/python -m faults $(ARGS)

bench-streams: $(VENV)/dev.stamp bench/streams/node_modules ## measure streams beside Mercurius and graphql-ws (ARGS=--help for less of it)
	$(BIN)/python -m bench.streams --write docs/performance-streams.md $(ARGS)

bench/streams/node_modules: bench/streams/package-lock.json
	cd bench/streams && npm ci --no-audit --no-fund && touch node_modules

check: $(VENV)/dev.stamp ## format, lint, types, direction of imports, schema, own rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	cd clients/python && ../../$(BIN)/mypy --strict -p medkabinet_client
	$(BIN)/lint-imports
	$(BIN)/python -m server schema | diff -u schema.graphql -
	$(BIN)/python -m tests.rules

format: $(VENV)/dev.stamp ## put the code in shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schema: $(VENV)/dev.stamp ## write schema.graphql anew after a change of the schema
	$(BIN)/python -m server schema > schema.graphql.new && mv schema.graphql.new schema.graphql

lock: $(VENV)/dev.stamp ## lock every dependency by version and hash
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 pyproject.toml -o requirements/run.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 -c requirements/run.lock pyproject.toml --group dev -o requirements/dev.lock

bench: $(VENV)/dev.stamp ## measure against the peers on PostgreSQL (SIZE=small for a quick look, ARGS=--help for more)
	$(BIN)/python -m bench --size $(or $(SIZE),full) $(ARGS)

clean: ## remove the environment, the demo data and every cache
	rm -rf $(VENV) .demo .bench bench/peers/node_modules bench/streams/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
