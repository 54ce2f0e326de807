# The workbench. `make` alone lists the targets; .venv is made, and kept up to date, by itself.

.DEFAULT_GOAL := help
SHELL := /bin/sh

VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
READY_DOCS := $(VENV)/.ready-docs

# A folder under plugins/ with a pyproject.toml is a plugin: it needs no line here.
PROJECTS := core $(sort $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml)))
PLUGINS := $(filter-out core,$(PROJECTS))
SOURCES := $(wildcard $(addsuffix /src,$(PROJECTS)))

# "[test]" for a plugin that has such an extra: what its tests need beyond the common tools.
tests_of = $(if $(findstring test = [,$(file <$(1)/pyproject.toml)),[test])

# What only developers need; pytest and hypothesis come with core[testing].
TOOLS := build editables hatchling mypy pytest-timeout pytest-xdist ruff types-jsonschema

# What only the documentation's site needs.
DOCS_TOOLS := mkdocs-material

# How many test processes; the suite is meant for two cores.
JOBS ?= 2

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile

.PHONY: demo
demo: $(READY) ## edit a photograph with the embedded provider
	$(VENV)/bin/imgedit edit examples/coffee.png \
	  "make it warmer, add a vignette and crop to 16:9" -p local -o demo-out.png --overwrite

.PHONY: test
test: $(READY) ## run every test; make test ARGS="-k crop" runs some
	$(PY) -m pytest -n $(JOBS) --dist worksteal $(ARGS)

.PHONY: check
check: $(READY) ## formatting, lint, types and every test: what CI runs
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy $(SOURCES)
	$(PY) -m pytest -n $(JOBS) --dist worksteal $(ARGS)

.PHONY: format
format: $(READY) ## format the code and mend what ruff can mend
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

.PHONY: bench
bench: $(READY) ## print the speed tables
	@$(PY) benchmarks/run.py

.PHONY: bench-money
bench-money: $(READY) ## kill, race and count edits at full size (see docs/money.md)
	@cd benchmarks && ../$(PY) -m money $(ARGS)

# Other clients, each in an environment of its own: they would not agree on one.
PEERS := $(patsubst benchmarks/peers/constraints/%.txt,build/peers/%/.ready,$(wildcard benchmarks/peers/constraints/*.txt))

.PHONY: bench-peers
bench-peers: $(READY) $(PEERS) ## other clients' POSTs and speed beside ours; ARGS=posts for one table
	@cd benchmarks && ../$(PY) -m peers $(ARGS)

build/peers/%/.ready: benchmarks/peers/constraints/%.txt | $(READY)
	$(PY) -m venv --clear $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

.PHONY: release-check
release-check: $(READY) ## what is too slow for every day: all new projects, lowest versions
	COMBINATIONS=all $(PY) -m pytest -n $(JOBS) --dist worksteal tests/scaffold tests/packaging $(ARGS)
	RELEASE_CHECK=$(JOBS) $(PY) -m pytest tests/packaging/test_lowest.py $(ARGS)

.PHONY: build
build: $(READY) ## wheels and sdists of every distribution, into dist/
	for project in $(PROJECTS); do \
	  $(PY) -m build --no-isolation --outdir dist $$project || exit 1; \
	done

.PHONY: docs
docs: $(READY_DOCS) ## the documentation's site, into site/
	NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --strict --quiet
	@echo "site/index.html"

.PHONY: clean
clean: ## delete .venv and everything that was built
	rm -rf $(VENV) dist build site .mypy_cache .ruff_cache .pytest_cache .hypothesis demo-out.png
	find core plugins tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# The first Python that is new enough and can make environments. Each one is run, not only found:
# a version manager's shim exists for versions that are not selected.
define make_venv
if [ ! -x $(PY) ]; then found=; \
  for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
    if $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
    then found=$$python; break; fi; \
  done; \
  if [ -z "$$found" ]; then \
    echo "imgedit needs Python 3.11 or newer with the modules venv and ensurepip (on Debian and Ubuntu: apt install python3-venv)." >&2; \
    exit 1; \
  fi; \
  echo "Making $(VENV) with $$found"; \
  $$found -m venv --clear $(VENV); \
fi
endef

# The tools first: with hatchling in place, pip builds the editable installs without fetching it again.
$(READY): Makefile constraints.txt $(addsuffix /pyproject.toml,$(PROJECTS))
	@$(make_venv)
	$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt $(TOOLS)
	$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt \
	  --no-build-isolation -e "core[cli,new,testing]" $(addprefix -e ,$(foreach plugin,$(PLUGINS),$(plugin)$(call tests_of,$(plugin))))
	@touch $@

$(READY_DOCS): $(READY)
	$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt $(DOCS_TOOLS)
	@touch $@
