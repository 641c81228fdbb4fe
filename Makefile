# Every target sets itself up: .venv is made from requirements.lock the first time, and again when that changes.
# Needs python3 (3.11 or newer) with venv, make, git; libgomp1 is installed if you are root.

READY := .venv/.ready
BIN := .venv/bin
LEADMART := $(BIN)/leadmart
DEMO ?= demo
JOBS ?= 2
PYTEST_ARGS ?=
BENCH ?=
BENCH_EVENTS ?= 1e6
BENCH_PAIRS ?= 2e5
BENCH_SIZES ?= 1e6
BENCH_ROWS ?= 1e6
BENCH_LEADS ?= 1e4
BENCH_REPETITIONS ?= 5
BENCH_DATA ?=
BENCH_PROJECT ?=
BENCH_AGAIN ?=

.PHONY: help setup demo test test-all test-quick check bench format lock reference dist pythons clean

help:                   ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1|\2/p' Makefile | while IFS='|' read -r name what; do printf '%-20s %s\n' "$$name" "$$what"; done

setup: $(READY)         ## the virtual environment .venv, with leadmart in it

# The stamp holds the folder it was made in: a tree that was moved or copied is set up again.
ifneq ($(shell cat $(READY) 2>/dev/null),$(CURDIR))
.PHONY: $(READY)
endif
$(READY): requirements.lock pyproject.toml .ci/setup.sh
	@bash .ci/setup.sh

demo: $(DEMO)/.trained  ## a made-up company in ./demo: features, a model, scores, five leads with reasons
	$(LEADMART) run --project $(DEMO)
	$(LEADMART) models --project $(DEMO)
	$(LEADMART) show scores --limit 5 --project $(DEMO)
	@printf '%s\n' '' 'Next, to look around (the company is made up, each row of it):' \
	    "  cd $(DEMO); export PATH=$(CURDIR)/$(BIN):\$$PATH" \
	    "  leadmart explain $$($(LEADMART) show scores --limit 1 --json --project $(DEMO) | sed -n 's/.*"lead_id": "\(.*\)".*/\1/p')" \
	    '  leadmart sql "SELECT tier, COUNT(*) AS leads FROM scores.latest GROUP BY tier"' \
	    '  leadmart render web_engagement' \
	    "  leadmart backfill --start $$(date -u -d '8 days ago' +%F) --end $$(date -u -d '1 day ago' +%F) --dry-run"

$(DEMO)/leadmart.toml: | $(READY)
	$(LEADMART) init $(DEMO) --demo

$(DEMO)/.trained: | $(DEMO)/leadmart.toml $(READY)
	$(LEADMART) train --project $(DEMO)
	@touch $@

test: $(READY)          ## every test
	$(BIN)/pytest -n $(JOBS) --dist worksteal $(PYTEST_ARGS)

test-all: $(READY)      ## every test, with every seed, world, kill and mutant that `make test` takes a few of (an hour)
	LEADMART_TESTS=all $(BIN)/pytest -n $(JOBS) --dist worksteal $(PYTEST_ARGS)

test-quick: $(READY)    ## the tests that take less than five seconds each
	$(BIN)/pytest -n $(JOBS) --dist worksteal -m "not slow" $(PYTEST_ARGS)

check: $(READY)         ## ruff, strict mypy, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -p leadmart
	$(BIN)/mypy tests bench
	$(BIN)/lint-imports --no-logo

bench: $(READY)         ## leadmart against its rivals, into docs/benchmarks.md; BENCH="refresh frame" for some
	$(BIN)/python -m bench $(BENCH) --events $(BENCH_EVENTS) --pairs $(BENCH_PAIRS) --sizes $(BENCH_SIZES) \
	    --rows $(BENCH_ROWS) --leads $(BENCH_LEADS) --repetitions $(BENCH_REPETITIONS) \
	    $(if $(BENCH_DATA),--data $(BENCH_DATA)) $(foreach folder,$(BENCH_PROJECT),--project $(folder)) \
	    $(if $(BENCH_AGAIN),--again)

format: $(READY)        ## ruff's fixes and format, in place
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock:                   ## requirements.lock anew from pyproject.toml (UPGRADE=1 for the newest versions)
	@bash .ci/lock.sh

reference: $(READY)    ## docs/commands.md and docs/tables.md anew, after a change of commands, columns or migrations
	$(BIN)/python docs/reference.py

dist: $(READY)         ## a sdist in dist/, and the wheel made from it
	@bash .ci/dist.sh

pythons: $(READY)      ## a clean install on the other Pythons of this machine
	@bash .ci/pythons.sh

clean:                  ## removes what the other targets made, the demo included
	rm -rf .venv build dist *.egg-info $(DEMO) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +
