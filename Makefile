# `make help` explains every target. The first run sets itself up in .venv and .dev; nothing else is written.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PY := .venv/bin/python
ARGS ?=
# tests side by side, three on two cores because many of them wait; each worker starts servers of its own (0: none)
WORKERS ?= 3
# the long ones kill and time servers, so only two of them side by side
LONG_WORKERS ?= 2
# the network is many processes; without compiled files each of them would compile everything anew
unexport PYTHONDONTWRITEBYTECODE
LONG_REPORT := .dev/long-run.xml
LONG_AGAIN := .dev/long-run-again.xml
STORM := docs/results/kill-storm.json

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*?## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  \1\t\2/' | expand -t 18

.PHONY: setup
setup: ## only the environment, no run
	@deploy/dev/setup.sh

.PHONY: demo
demo: ## start everything, play the main job, stay up until Ctrl-C (ARGS=--once ends after the story)
	@deploy/dev/setup.sh
	@exec $(PY) -m deploy.demo.demo up $(ARGS)

.PHONY: sandbox
sandbox: ## a network to try a partner's system on, with a scripted welcome center (ARGS="--channel amqp")
	@deploy/dev/setup.sh
	@exec $(PY) -m deploy.demo.sandbox.sandbox $(ARGS)

.PHONY: test
test: ## every kind of test once: PostgreSQL, RabbitMQ, browser, the story (the gate)
	@deploy/dev/setup.sh --tests
	@$(PY) -m pytest -m "not long" -n $(WORKERS) --dist loadscope --no-loadscope-reorder $(ARGS)

.PHONY: test-fast
test-fast: ## no servers, no browser: domain, contracts, architecture
	@deploy/dev/setup.sh
	@$(PY) -m pytest -q tests/unit tests/contracts tests/architecture $(ARGS)

.PHONY: test-long
test-long: ## what takes an hour: faults, kills, all pages in all views, long searches; writes docs/results/long-run.md
	@deploy/dev/setup.sh --tests
	@mkdir -p .dev; failed=0; export LOTSENNETZ_LONG=1; \
	run="$(PY) -m pytest -v -o console_output_style=count --timeout 3600"; \
	$$run -m "long or hypothesis" -n $(LONG_WORKERS) --dist loadscope --no-loadscope-reorder --junitxml=$(LONG_REPORT) $(ARGS) || \
	    $$run -m "long or hypothesis" --last-failed --last-failed-no-failures none --junitxml=$(LONG_AGAIN) || failed=1; \
	$(PY) -m tests.system.kill_storm --kills 20 --servers --out $(STORM) || failed=1; \
	$(PY) -m tests.long_run $(LONG_REPORT) $(LONG_AGAIN) $(STORM) docs/results/long-run.md || failed=1; \
	exit $$failed

.PHONY: check
check: lint contracts-check docs-check ## what a commit has to pass: lint, types, import rules, generated files
	@$(PY) -m mypy
	@.venv/bin/lint-imports

.PHONY: lint
lint: ## ruff, rules and format
	@deploy/dev/setup.sh
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check

.PHONY: contracts
contracts: ## write schemas, examples and AsyncAPI anew from the classes
	@deploy/dev/setup.sh
	@$(PY) -m contracts.generate

.PHONY: contracts-check
contracts-check:
	@$(PY) -m contracts.generate --check

.PHONY: docs
docs: ## write the generated parts of the documents anew from the code
	@deploy/dev/setup.sh
	@$(PY) -m deploy.dev.document

.PHONY: docs-check
docs-check:
	@$(PY) -m deploy.dev.document --check

.PHONY: bench
bench: ## spine and product beside their peers and the machine's limits, as ratios; writes docs/performance.md
	@deploy/dev/setup.sh
	@$(PY) -m tests.benchmarks $(ARGS)

.PHONY: bench-growth
bench-growth: ## pages, matching and log from ten thousand to a million rows (an hour); writes docs/performance.md
	@deploy/dev/setup.sh
	@$(PY) -m tests.benchmarks.growth $(ARGS)

.PHONY: screens
screens: ## take the pictures of the README anew, of a demo started for it
	@deploy/dev/setup.sh --tests
	@$(PY) -m tests.browser.readme_screens

.PHONY: compose-test
compose-test: ## start the compose stack for real and play the story in it; says so where no container engine can run
	@deploy/dev/setup.sh
	@$(PY) -m tests.system.compose_run --out docs/results/compose $(ARGS)

.PHONY: supply
supply: ## what the images are made of: licences, bill of materials, known weaknesses, secrets; writes docs/results
	@deploy/dev/setup.sh
	@$(PY) -m deploy.supply $(ARGS)

.PHONY: fuzz
fuzz: ## every door under input nobody thought of, with figures (15 minutes); writes docs/results/fuzz.md
	@deploy/dev/setup.sh --tests
	@$(PY) -m tests.fuzz $(ARGS)

.PHONY: clean
clean: ## remove what runs left behind (.dev, caches); keeps .venv
	@for link in .dev/postgres .dev/*/postgres; do [ ! -L "$$link" ] || rm -rf "$$(readlink "$$link")"; done
	@rm -rf .dev .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .import_linter_cache
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
