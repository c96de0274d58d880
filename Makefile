# The commands of this project. `make` alone lists them.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup demo serve devnet test test-long check format bench lock wheel

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: .venv/ready ## make .venv with everything pinned

.venv/ready: requirements-test.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.11 ...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-test.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	touch $@

demo: setup ## a small network with everything on it, on this machine
	$(BIN)/plyr demo $(ARGS)

serve: setup ## index the real network and serve it
	$(BIN)/plyr serve $(ARGS)

devnet: setup ## a real PLC directory and two real PDSes, on this machine (needs npm)
	$(BIN)/python -m ops.devnet $(ARGS)

check: setup ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check ## check, then every test but the long ones
	$(BIN)/pytest $(ARGS)

test-long: check ## every test, the long ones too
	PLYR_LONG=1 $(BIN)/pytest $(ARGS)

format: setup ## let the formatter and the linter mend what they can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup ## measure; NAME=ingest runs one
	$(BIN)/python -m ops.bench $(NAME)

wheel: setup ## build the wheel into dist/
	$(BIN)/python -m build --wheel --no-isolation

lock: setup ## renew the lock files
	$(BIN)/pip-compile --quiet --upgrade --generate-hashes --no-header --strip-extras --allow-unsafe \
		--annotation-style=line --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
		--output-file requirements.lock pyproject.toml
	$(BIN)/pip-compile --quiet --upgrade --generate-hashes --no-header --strip-extras --allow-unsafe \
		--annotation-style=line --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
		--extra test --output-file requirements-test.lock pyproject.toml
