# Two commands do all: `make demo` runs the system, `make test` runs every test. Both set up what they need.
# `make help` lists the rest.
SHELL := /bin/sh
.DEFAULT_GOAL := help

export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/.tools/bin:$(CURDIR)/hardhat-node/node_modules/.bin:$(PATH)
export SOLCX_BINARY_PATH ?= $(CURDIR)/hardhat-node/bin
PYTHON := .venv/bin/python
NETWORK ?=
ADAPTER ?=
TESTS ?= tests

.PHONY: help setup demo test smoke faults bench lint format artifacts clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: ## install what is missing (quick the second time, offline once done)
	@python3 scripts/setup.py

demo: setup ## run the whole system on a synthetic hospital day (NETWORK=dev|poa chooses by hand); Ctrl-C ends it
	@$(PYTHON) -m scripts.demo $(if $(NETWORK),--network $(NETWORK))

smoke: setup ## the same without a person: a short day, every promise checked, exit 0 or 1 (ADAPTER=sql|rest|soap|fhir|hl7v2)
	@$(PYTHON) -m scripts.smoke $(if $(NETWORK),--network $(NETWORK)) $(if $(ADAPTER),--adapter $(ADAPTER))

faults: setup ## let faults happen to the running system, one after another, and see it recover (SEED=, ONLY=)
	@$(PYTHON) -m scripts.faults $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only "$(ONLY)")

test: setup lint ## every check and every test (TESTS=path runs a part)
	@$(PYTHON) -m pytest $(TESTS)

bench: setup ## measure; prints the figures with the machine they came from
	@$(PYTHON) -m bench

lint: setup ## format, style, types, artifacts
	@ruff format --check .
	@ruff check .
	@mypy .
	@$(PYTHON) -m scripts.export_abis --check

format: setup ## format and fix what can be fixed
	@ruff format .
	@ruff check --fix .

artifacts: setup ## compile the contracts and write chain/artifacts
	@$(PYTHON) -m scripts.export_abis

clean: ## remove the running system's data and build output (keeps what setup installed)
	@rm -rf .data .build bench/out .pytest_cache .mypy_cache .ruff_cache .hypothesis hardhat-node/cache hardhat-node/artifacts
