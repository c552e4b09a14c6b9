# The project's commands; each does all of its own set-up. `make help` lists them.
ENV ?= local
CDK_VERSION := 2.1148.1 # npm's "latest" is a mispublished 3.0.0 (April 2025) without --build-context

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/.local/cdk/$(strip $(CDK_VERSION))/node_modules/.bin:$(PATH)
export PYTHONDONTWRITEBYTECODE := 1
VENV := .venv/.installed
CDK := .local/cdk/$(strip $(CDK_VERSION))/node_modules/.bin/cdk
OUTPUTS := .local/outputs.$(ENV).json
# `local` runs a command against the emulated AWS; every other environment against the real one.
IN_ENV := $(if $(filter local,$(ENV)),python -m local run --,)

.PHONY: help deploy try synth diff destroy lint test test-fast snapshots bench fuzz clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

deploy: $(VENV) $(CDK) ## build the images and deploy every stack of ENV (default: local)
	@$(IN_ENV) cdk deploy --all -c env=$(ENV) $(if $(filter local,$(ENV)),--require-approval never) --concurrency 2 --outputs-file $(OUTPUTS)
	@python -m scripts.outputs $(ENV) $(OUTPUTS)

try: $(VENV) ## upload a receipt, label it, and read it back over HTTP
	@$(IN_ENV) python -m scripts.try_receipts $(ENV) $(OUTPUTS)

synth: $(VENV) $(CDK) ## write ENV's templates and asset manifests to cdk.out; needs neither Docker nor AWS
	@cdk synth --quiet -c env=$(ENV)

diff: $(VENV) $(CDK) ## what a deploy would change
	@$(IN_ENV) cdk diff -c env=$(ENV)

destroy: $(VENV) $(CDK) ## delete ENV's stacks
	@$(IN_ENV) cdk destroy --all $(if $(filter local,$(ENV)),--force) -c env=$(ENV)
	@rm -f $(OUTPUTS)

lint: $(VENV) ## ruff and mypy
	@ruff check .
	@ruff format --check .
	@mypy app.py stacks scripts constructs local tests benchmarks lambdas services packages/*/src

# The longest files first, each whole on one of two workers with an engine of its own: deploys mostly wait.
test: test-fast $(CDK) ## every test
	@pytest -n 2 --dist loadfile --no-loadscope-reorder --durations 15 tests/e2e tests/differential tests/local

test-fast: $(VENV) ## the tests that need no container engine
	@pytest -n 2 tests/unit tests/constructs tests/snapshot tests/lambdas

snapshots: $(VENV) ## rewrite the recorded templates
	@pytest tests/snapshot --snapshot-update

bench: $(VENV) ## contexts, stock beside scoped, a pruning of 100,000 images, archives of remote builds; writes 6 GB to TMPDIR and deletes them
	@python -m benchmarks
	@python -m benchmarks.pruning
	@python -m benchmarks.archives

fuzz: $(VENV) ## thousands of generated contexts against BuildKit: make fuzz CASES=3000
	@SCOPED_IMAGES_FUZZ=$(or $(CASES),3000) pytest -n 2 tests/differential/test_against_buildkit.py

clean: ## stop the local environment and delete what make has made
	@if [ -x .venv/bin/python ]; then .venv/bin/python -m local down; fi
	@rm -rf .venv .local cdk.out

$(VENV): requirements.txt requirements-dev.txt local/requirements.txt pyproject.toml
	@scripts/make-venv .venv
	@.venv/bin/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

$(CDK): $(VENV)
	@echo "Installing the CDK CLI $(CDK_VERSION)"
	@npm install --silent --no-audit --no-fund --no-package-lock --prefix $(dir $(CDK))../.. aws-cdk@$(strip $(CDK_VERSION))
	@touch $@
