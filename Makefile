# Two commands on a fresh machine: make demo, make test.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check slow browser docs notebooks clean

demo: .venv/installed
	$(BIN)/auxgen demo

test: .venv/installed-dev
	$(BIN)/pytest -n auto --dist loadfile

check: .venv/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(MAKE) docs

slow: .venv/installed-dev
	$(BIN)/pytest -m slow -n auto --dist loadfile

browser: .venv/installed-browser
	$(BIN)/pytest -m browser -rs

docs: .venv/installed-dev
	$(BIN)/sphinx-build -q -W --keep-going docs docs/_build/html

notebooks: .venv/installed-dev
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/sphinx-build -q -W --keep-going -D nb_execution_mode=cache docs docs/_build/html

clean:
	rm -rf .venv docs/_build build *.egg-info

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

.venv/installed-dev: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

.venv/installed-browser: .venv/installed-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[browser]'
	touch $@
