# Needs Python >= 3.11 with venv, make and git. Everything is installed into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= out/demo
ROOMS := imagery models training inference resilience

.PHONY: help install links demo test check slow docs browser clean
.DEFAULT_GOAL := help

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

install: $(VENV)/.installed links ## set up .venv with every extra (about 7 GB: PyTorch's default build)

$(VENV)/.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[train,torchgeo,stac,geoparquet,cluster,cloud,docs,dev]'
	touch $@

links: # mypy cannot see through the editable install's import hook; it reads these links
	@rm -rf .links && mkdir -p .links/pitscape
	@for room in $(ROOMS); do ln -s ../../$$room .links/pitscape/$$room; done
	@for file in pitscape/*; do ln -s ../../$$file .links/pitscape/; done

demo: install ## the whole chain on a simulated mine, then say where the report is (OUT=DIR)
	$(BIN)/pitscape demo --out $(OUT)

check: install ## style, types, the order of the rooms, examples in the documentation
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	rm -rf build && $(BIN)/python -m pip install --quiet --no-deps --target build/site .
	cd build/site && PYTHONPATH=. ../../$(BIN)/lint-imports --config ../../pyproject.toml
	cd build/site && ../../$(BIN)/python -m pytest -q -p no:cacheprovider --import-mode=prepend --rootdir=. -c /dev/null \
	  -W error -W ignore::PendingDeprecationWarning --doctest-modules pitscape

test: check ## check, then every quick test
	$(BIN)/python -m pytest -m "not slow"

slow: install ## the tests that take minutes: the demo, the wheel in an empty environment
	$(BIN)/python -m pytest -m slow

docs: install ## the documentation as a site that works from the disk: out/docs/index.html
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict --config-file docs/theme/mkdocs.yml

browser: install ## what the tests of the report in a browser need
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[browser]'
	@command -v chromium || command -v chromium-browser || command -v google-chrome || \
	  echo "Chromium is not found: install it (Debian: apt-get install chromium; others: from your system's packages)."

clean: ## remove what was built, keep .venv
	rm -rf build dist out .links .mypy_cache .ruff_cache .pytest_cache *.egg-info
