# The verbs of this repository; `make help` says what each does.

PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-slow lint bench clean

help:  ## List the verbs
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

setup: .venv/.installed  ## Make .venv and install ar_lab into it, when pyproject.toml asks for something new

.venv/.installed: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

demo: setup  ## Train, evaluate and sample a PixelCNN on the embedded digits: a few minutes on 2 cores
	$(BIN)/python -m ar_lab

test: setup  ## Run the tests, but for the slow ones
	$(BIN)/python -m pytest -q -m 'not slow'

test-slow: setup  ## Run the slow tests: trainings on real data, launchers, kills, the wheel
	$(BIN)/python -m pytest -q -m slow

lint: setup  ## Check format, style and the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-logo

bench: setup  ## Measure samplers, training by context and size, the data path, coding, and what keeping freed memory is worth: 25 minutes
	$(BIN)/python scripts/bench_sampling.py
	$(BIN)/python scripts/bench_training.py docs/training.png
	$(BIN)/python scripts/bench_data.py
	$(BIN)/python scripts/bench_memory.py
	$(BIN)/python scripts/bench_compression.py

clean:  ## Remove what builds and tests leave; never outputs/ or .venv
	rm -rf build dist .pytest_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info
	find ar_lab hydra_plugins tests scripts -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
