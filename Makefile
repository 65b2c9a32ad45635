# Every recipe sets up what it needs. A fresh machine has Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header
LOCK := $(COMPILE) --no-emit-package pandas pyproject.toml
PEERS := .venv-peers
PEERS_READY := $(PEERS)/.ready

.PHONY: demo test check docs bench bench-peers faults image lock clean

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
	$(BIN)/hadolint deploy/docker/serving.Dockerfile deploy/docker/training.Dockerfile \
		deploy/docker/model.Dockerfile
	$(BIN)/python -m deploy.docker

docs: $(READY)
	$(BIN)/python -m deploy.docs

# All benches, which takes the better part of an hour; then docs/performance.md from what they found.
bench: $(READY)
	$(BIN)/headrace bench all
	$(BIN)/headrace bench report

# Other libraries, in an environment of their own, in the same table.
bench-peers: $(READY) $(PEERS_READY)
	$(BIN)/headrace bench all --only throughput-peers --only batch

# Everything that can go wrong, each on servers of its own, and a count of what was lost: about half an hour.
# The seed is drawn and printed when SEED is not given.
faults: $(READY)
	$(BIN)/python -m tests.faults.campaign $(if $(SEED),--seed $(SEED))

# The serving image with one bundle inside: make image MODEL=flights VERSION=v3
image: $(READY)
	@test -n "$(MODEL)" -a -n "$(VERSION)" || { echo "Name both: make image MODEL=flights VERSION=v3"; exit 2; }
	$(BIN)/headrace image $(MODEL) $(VERSION) out/image/$(MODEL)-$(VERSION)
	docker build -f deploy/docker/serving.Dockerfile -t headrace-serving:0.1.0 .
	docker build -f deploy/docker/model.Dockerfile -t headrace-$(MODEL):$(VERSION) out/image/$(MODEL)-$(VERSION)

# Writes the locked requirements anew; hashes and no addresses. pandas is what the package of the flights asks for its
# own functions, of which we use none: only its data files are read.
lock: $(READY)
	$(LOCK) --extra serving --output-file requirements-serving.txt
	$(LOCK) --extra training --output-file requirements-training.txt
	$(LOCK) --extra dev --no-emit-package headrace --output-file requirements-dev.txt
	{ cat requirements-peers.in; grep -E '^(fastavro|msgspec|numpy|pyarrow|scikit-learn|skops)==' requirements-serving.txt | tr -d '\\'; } \
		| $(COMPILE) --output-file requirements-peers.txt -

$(READY): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Headrace needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	@echo "setting up $(VENV) (once; some minutes)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(PEERS_READY): requirements-peers.txt
	@echo "setting up $(PEERS) (once; a minute)"
	@$(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-peers.txt
	@touch $@

clean:
	rm -rf $(VENV) $(PEERS) .headrace out
