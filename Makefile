# Two commands on a fresh machine: make demo, make test.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check slow browser docs notebooks fuzz fuzz-guided mutants audit lock clean

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

fuzz: .venv/installed-dev
	$(BIN)/python benchmarks/fuzzing.py build/fuzzing.json

# Inputs chosen by the branches that they reach; atheris has wheels for Linux x86_64 alone.
fuzz-guided: .venv/installed-dev
	$(BIN)/python benchmarks/fuzzing_coverage.py build/fuzzing_coverage.json

mutants: .venv/installed-dev
	$(BIN)/python benchmarks/mutants.py build/mutants.json

# Known faults of what auxgen stands on, and the list of all of it: both need the network.
audit: .venv-audit/installed
	.venv-audit/bin/cyclonedx-py requirements requirements.lock --of JSON -o build/bill-of-materials.json
	.venv-audit/bin/pip-audit --strict --require-hashes --disable-pip -r requirements.lock

lock: .venv-audit/installed
	.venv-audit/bin/uv pip compile --quiet pyproject.toml --python-version 3.11 -c constraints.txt \
	  --extra app --extra trackers --extra onnx --extra excel --extra pretrained --extra fidelity \
	  --generate-hashes --no-header --no-annotate -o requirements.lock

clean:
	rm -rf .venv .venv-audit docs/_build build *.egg-info

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

.venv-audit/installed:
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit==2.10.1 cyclonedx-bom==7.5.0 uv==0.13.9
	mkdir -p build
	touch $@
