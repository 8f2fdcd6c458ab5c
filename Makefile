# Needs make and a python3 >= 3.10 with venv; everything else is fetched into .venv by pip.

VENV := .venv
BIN := $(VENV)/bin
# make passes on its own PM_HOME only if the caller has set one.
CHECKED := pm daemon cli tests examples benchmarks

.PHONY: run test test-quick check compat e2e bench docs wheel clean
.DEFAULT_GOAL := run

run: $(VENV)/.installed
	@$(BIN)/pm start ecosystem.example.toml
	@printf '%s\n' '' 'Two workers answer in turn. Next, with $(BIN) on your PATH or in front:' \
	  '  curl http://127.0.0.1:8000/   twice: two pids' \
	  '  pm list' \
	  '  pm logs' \
	  '  pm reload all                 a worker at a time, no request fails' \
	  '  pm kill                       stops everything'

# Two tests at a time: they wait more than they reckon. One: make test ARGS='-n 0'
test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

test-quick: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m 'not long' $(ARGS)

e2e: $(VENV)/.installed-dev
	$(BIN)/python -m pytest tests/e2e $(ARGS)

check: $(VENV)/.installed-dev
	$(BIN)/ruff check $(wildcard $(CHECKED))
	$(BIN)/ruff format --check $(wildcard $(CHECKED))
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/architecture

bench: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks.run $(BENCH)

# All servers of tests/compat/servers.py, or some: make compat COMPAT='uvicorn gunicorn'
compat: $(VENV)-compat/.installed
	$(VENV)-compat/bin/python -m tests.compat $(COMPAT)

# The tables that are made from the code.
docs: $(VENV)/.installed-dev
	$(BIN)/python -m tests.ecosystem_docs

wheel: $(VENV)/.installed-dev
	$(BIN)/python -m build --wheel --no-isolation

clean:
	rm -rf $(VENV) $(VENV)-compat dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps keep set-up from being done again; a change of pyproject.toml undoes them.
$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/.installed

$(VENV)-compat/.installed: tests/compat/requirements.txt | $(BIN)/python
	$(BIN)/python -m venv $(VENV)-compat
	$(VENV)-compat/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

# PYTHON=/path/to/python chooses; else the first on the PATH that is new enough.
$(BIN)/python:
	@for python in $(PYTHON) python3 python3.13 python3.12 python3.11 python3.10; do \
	  if "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then \
	    echo "making $(VENV) with `"$$python" -V`"; \
	    exec "$$python" -m venv $(VENV); \
	  elif [ -n "$(PYTHON)" ]; then break; fi; \
	done; \
	echo 'error: no python3 >= 3.10 with the venv module found' >&2; \
	echo 'hint: install one (Debian: python3-venv), or name one: make PYTHON=/path/to/python' >&2; \
	exit 1
