# make head PHOTO=me.jpg   sets up and makes a head from a photo (without PHOTO: the astronaut that scikit-image ships)
# make check               sets up and runs every check: format, lint, types, import contracts, the docs' site, tests
VENV ?= .venv
OUT ?= out
PYTHON ?= python3
BIN = $(VENV)/bin

.PHONY: head check format lint types contracts test coverage mutations site figures fix clean

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
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist worksteal  # a process a core

# Fails below 90 %. It notes which test ran which line, which the mutations need.
coverage: $(VENV)/checked
	$(BIN)/coverage erase
	-OMP_NUM_THREADS=1 PYTHONPATH=tests/support $(BIN)/coverage run -m pytest -n auto --dist worksteal -p covering
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

mutations: $(VENV)/checked
	OMP_NUM_THREADS=1 $(BIN)/python tests/mutations.py --count 200 --seed 0

site: $(VENV)/checked
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

# Prints what the README and the docs say, about two hours on two cores; data as in the shared folder's README.
SHARED ?= ../shared
PHOTOS = $(SHARED)/data/photos
HDRIS = $(foreach name,empty_warehouse_01 studio_small_03 venice_sunset,--hdri $(SHARED)/data/hdri/$(name)_1k.hdr)
figures: $(VENV)/checked
	$(BIN)/python tests/benchmarks/speed.py
	$(BIN)/python tests/benchmarks/light_start.py
	$(BIN)/python tests/benchmarks/fit.py $(PHOTOS)/dev $(PHOTOS)/extra
	$(BIN)/python tests/benchmarks/delight.py $(PHOTOS)/dev $(PHOTOS)/extra
	$(BIN)/python tests/benchmarks/delight.py $(HDRIS)
	$(BIN)/facetex eval suite synthetic --cases 40 $(HDRIS) --delighter network,harmonics,division,none
	$(BIN)/facetex eval leave-one-out $(PHOTOS)/dev
	FACETEX_SHARED=$(SHARED) $(BIN)/python -m training.bank eval
	FACETEX_SHARED=$(SHARED) $(BIN)/python -m training.face_basis eval
	$(BIN)/python tests/benchmarks/synthesis.py $(PHOTOS)/dev/hakeem-jeffries.jpg
	$(BIN)/python tests/benchmarks/synthesis.py --tiled 8192
	$(BIN)/python tests/benchmarks/simplex.py
	$(BIN)/python tests/benchmarks/same_person.py
	$(BIN)/python tests/benchmarks/alternates.py
	$(BIN)/python tests/benchmarks/door.py
	OPENBLAS_NUM_THREADS=1 $(BIN)/python tests/benchmarks/many_frames.py --side 1024
	$(BIN)/python tests/benchmarks/compare.py
	$(BIN)/python tests/benchmarks/kill.py 50 0
	$(BIN)/python tests/fuzz.py --count 5000 --seed 0
	$(BIN)/python tests/fuzz_readers.py --seconds 600 --seed 0

fix: $(VENV)/checked
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) $(OUT) site
