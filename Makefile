# make head PHOTO=me.jpg   sets up and makes a head from a photo (without PHOTO: the astronaut that scikit-image ships)
# make check               sets up and runs every check: format, lint, types, import contracts, the docs' site, tests
VENV ?= .venv
OUT ?= out
PYTHON ?= python3
BIN = $(VENV)/bin

.PHONY: head check format lint types contracts test site fix clean

head: $(VENV)/installed
	$(BIN)/facetex run $(if $(PHOTO),"$(PHOTO)",--example) -o "$(OUT)"

check: format lint types contracts site test

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/checked: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@

format: $(VENV)/checked
	$(BIN)/ruff format --check .

lint: $(VENV)/checked
	$(BIN)/ruff check .

types: $(VENV)/checked
	$(BIN)/mypy

contracts: $(VENV)/checked
	$(BIN)/lint-imports

test: $(VENV)/checked
	$(BIN)/python -m pytest

site: $(VENV)/checked
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

fix: $(VENV)/checked
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) $(OUT) site
