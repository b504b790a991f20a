# Everything that Assay needs, from a bare machine: git, make, a C library, and Python 3.9+ with pip.
# The environment is .venv (Python 3.11), made from the hashed requirements.lock; it is made once, and
# again only when the lock or the Makefile changes.

.DEFAULT_GOAL := help
SHELL := /bin/sh

UV_VERSION := 0.13.9
# The first of these that has pip fetches uv (an activated .venv has none).
PYTHON ?= python3 python /usr/bin/python3
UV := .tools/bin/uv
READY := .venv/.assay-ready
# `dvc` runs the stages with the `python` that it finds first.
RUN := PATH="$(CURDIR)/.venv/bin:$$PATH"

.PHONY: help repro test lint data example lock pictures bench clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1|\2/' | column -t -s '|' 2>/dev/null \
		|| grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST)

repro: $(READY) ## set up, and rebuild what changed (the first time: everything)
	$(RUN) dvc repro

test: $(READY) ## set up, and run the tests
	$(RUN) python -m pytest -n 2 --dist loadfile

lint: $(READY) ## formatting, lint, types, and the floors of the house
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) mypy
	$(RUN) lint-imports

data: $(UV) ## make the bundled feature tables anew (the same bytes)
	$(UV) run --no-project --python 3.11 scripts/make_flights.py
	$(UV) run --no-project --python 3.11 scripts/make_examples.py

example: $(READY) ## run one of examples/ in its own folder: make example NAME=hotel_rates
	@test -n "$(NAME)" || { echo "Name one: make example NAME=$$(ls -d examples/*/ | sed 's|examples/||; s|/||' | paste -sd '|' -)" >&2; exit 1; }
	$(RUN) python scripts/run_example.py $(NAME)

lock: $(UV) ## resolve requirements.lock anew from pyproject.toml
	$(UV) pip compile pyproject.toml --all-extras --universal --python-version 3.11 --upgrade \
		--generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet \
		--output-file requirements.lock

pictures: $(READY) ## copy the README's pictures from plots/
	cp plots/threshold/value.png plots/interpret/importance.png plots/interpret/slices.png docs/pictures/

bench: $(READY) ## measure what the README claims
	$(RUN) python benchmarks/pipeline.py
	$(RUN) python benchmarks/search.py
	$(RUN) python benchmarks/scoring.py
	$(RUN) python benchmarks/large_table.py
	$(RUN) python benchmarks/bootstrap_speed.py

clean: ## remove the environment and its tools (nothing of yours)
	rm -rf .venv .tools

$(UV):
	@for python in $(PYTHON); do \
		if $$python -m pip --version >/dev/null 2>&1; then \
			echo "fetching uv $(UV_VERSION) with $$python"; \
			exec env PIP_ROOT_USER_ACTION=ignore $$python -m pip install --quiet --disable-pip-version-check --no-warn-script-location \
				--target .tools uv==$(UV_VERSION); \
		fi; \
	done; \
	echo "No Python with pip among: $(PYTHON). Name one: make PYTHON=/path/to/python3" >&2; exit 1

$(READY): requirements.lock pyproject.toml Makefile | $(UV)
	$(UV) venv --quiet --clear --python 3.11 .venv
	$(UV) pip sync --quiet --python .venv --require-hashes requirements.lock
	$(UV) pip install --quiet --python .venv --no-deps --no-build-isolation --editable .
	@touch $(READY)
