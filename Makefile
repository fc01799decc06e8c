# Each target makes its own virtual environment below .venvs/ when pyproject.toml or the constraints changed.
PYTHON ?= python3
INSTALL = pip install --quiet --disable-pip-version-check --constraint constraints.txt
DEMO = .venvs/demo
TEST = .venvs/test
DOCS = .venvs/docs
RAY = .venvs/ray
MILVUS = .venvs/milvus
PYTEST = $(TEST)/bin/python -m pytest --numprocesses 2 --dist loadfile
MODEL := $(shell find models -type f)
SOURCE := $(shell find src -type f -not -name '*.pyc')

.PHONY: demo test test-all test-integrations test-qdrant test-milvus test-ray lint docs sbom audit bench recipe mini clean

demo: $(DEMO)/installed  ## Index the demo corpus with the bundled model and ask it six questions.
	$(DEMO)/bin/univldr demo

test: lint  ## Pass the linters and the tests.
	$(PYTEST) -m "not slow"

test-all: lint $(TEST)/integrations  ## The slow tests too, and those of other libraries.
	$(PYTEST)

test-integrations: $(TEST)/integrations  ## Other libraries' retrievers and MTEB's model against these libraries.
	$(PYTEST) tests/integrations

test-qdrant: $(TEST)/installed  ## The index tests over a real cluster; QDRANT_URL is qdrant://host:6333.
	QDRANT_URL="$(QDRANT_URL)" $(TEST)/bin/python -m pytest tests/index -k "qdrant or agree"

test-milvus: $(MILVUS)/installed  ## The index in Milvus, on a real server that is killed and started again.
	$(MILVUS)/bin/python -m pytest tests/index/test_milvus.py tests/index/test_engines.py -k milvus

test-ray: $(RAY)/installed  ## Encode on a real Ray cluster of two nodes, of which one dies.
	$(RAY)/bin/python -m pytest tests/test_encode_ray.py

lint: $(TEST)/installed
	$(TEST)/bin/ruff check .
	$(TEST)/bin/ruff format --check .
	$(TEST)/bin/mypy

docs: $(DOCS)/installed  ## Build the documentation into build/site; a warning fails it.
	NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/mkdocs build --strict

sbom: $(DEMO)/installed $(DOCS)/installed  ## What the base install consists of, in dist/sbom.json.
	$(DOCS)/bin/pip install --quiet cyclonedx-bom
	mkdir -p dist
	$(DOCS)/bin/cyclonedx-py environment $(DEMO)/bin/python -o dist/sbom.json --of JSON

audit: $(DEMO)/installed $(DOCS)/installed  ## Known weaknesses of what the base install consists of; asks a service.
	$(DOCS)/bin/pip install --quiet pip-audit
	$(DOCS)/bin/pip-audit --path "$$($(DEMO)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"

bench: $(TEST)/installed  ## Measure; DATA names the folder that benchmarks/README.md describes.
	$(TEST)/bin/python -m benchmarks.demo
	$(TEST)/bin/python -m benchmarks.mini --data "$(DATA)"
	$(TEST)/bin/python -m benchmarks.calibration --data "$(DATA)"
	$(TEST)/bin/python -m benchmarks.encoding --data "$(DATA)"
	$(TEST)/bin/python -m benchmarks.main_path --data "$(DATA)"

recipe: $(TEST)/installed  ## Train the small recipe on the demo's data: two stages, mining between them, one table.
	$(TEST)/bin/python -m univldr.demo.training runs/demo-data
	$(TEST)/bin/univldr train recipes/demo.toml

OUT ?= runs/mini
mini: $(TEST)/installed  ## Make the bundled model again and measure it; MINILM is the folder of all-MiniLM-L6-v2. Resumes.
	$(TEST)/bin/python -m univldr.training.mini --data "$(DATA)" --minilm "$(MINILM)" --out "$(OUT)"
	$(TEST)/bin/python -m benchmarks.mini --data "$(DATA)" --model "$(OUT)/mini" --float32 "$(OUT)/float32"
	$(TEST)/bin/python -m benchmarks.calibration --data "$(DATA)" --model "$(OUT)/mini"

# The package as users get it: built and copied, not linked, and without any extra.
$(DEMO)/installed: pyproject.toml constraints.txt $(SOURCE) $(MODEL)
	$(PYTHON) -m venv $(DEMO)
	$(DEMO)/bin/$(INSTALL) .
	touch $@

$(TEST)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(TEST)
	$(TEST)/bin/$(INSTALL) --editable ".[train,evaluate,verbalize,parquet,faiss,heic,pdf,qdrant,dev]"
	touch $@

$(TEST)/integrations: $(TEST)/installed
	$(TEST)/bin/$(INSTALL) --editable ".[langchain,llamaindex,haystack,mteb]"
	touch $@

$(DOCS)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/$(INSTALL) --editable ".[docs]"
	touch $@

$(MILVUS)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(MILVUS)
	$(MILVUS)/bin/$(INSTALL) --editable ".[scale,dev]" "milvus==2.3.5"
	touch $@

$(RAY)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(RAY)
	$(RAY)/bin/$(INSTALL) --editable ".[ray]" pytest
	touch $@

clean:
	rm -rf .venvs build dist
