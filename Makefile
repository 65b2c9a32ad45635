# Every recipe sets up what it needs. A fresh machine has Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
	--no-emit-package pandas pyproject.toml

.PHONY: demo test check docs bench lock clean

demo: $(READY)
	$(BIN)/headrace demo

test: $(READY)
	$(BIN)/python -m pytest

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/deptry .
	$(BIN)/python -m deploy.docs --check
	$(BIN)/hadolint deploy/docker/serving.Dockerfile deploy/docker/training.Dockerfile
	$(BIN)/python -m deploy.docker

docs: $(READY)
	$(BIN)/python -m deploy.docs

bench: $(READY)
	$(BIN)/headrace bench throughput

# Writes the locked requirements anew; hashes and no addresses. pandas is what the package of the flights asks for its
# own functions, of which we use none: only its data files are read.
lock: $(READY)
	$(LOCK) --extra serving --output-file requirements-serving.txt
	$(LOCK) --extra training --output-file requirements-training.txt
	$(LOCK) --extra dev --no-emit-package headrace --output-file requirements-dev.txt

$(READY): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Headrace needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	@echo "setting up $(VENV) (once; some minutes)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

clean:
	rm -rf $(VENV) .headrace out
