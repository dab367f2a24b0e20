# Two commands on a fresh Debian or Ubuntu machine with python3, git and make: `make demo` and `make test`.
# Each does its own set-up, which the second time takes a moment. What it may not install it names in one line.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.ONESHELL:
.SHELLFLAGS := -euc
.PHONY: help demo test test-deps lint bench bench-invention bench-stall bench-fanout bench-rooms soak rehearse faults completions lock clean

PYTHON := .venv/bin/python
UV ?= uv
ARGS ?=
# Tests mostly wait for real processes. A file stays with one worker: its tests share an emulator or a browser.
PARALLEL ?= -n 3 --dist loadfile

# Libraries that wheels lack: sound in and out. Without them all but the microphone works.
RUN_LIBRARIES := libportaudio.so.2:libportaudio2 libpulse.so.0:libpulse0
# What tests drive beside Python, as library:package (the browser driver's) and command:package. Never pulseaudio: it
# removes pipewire-alsa. Never a service.
TEST_LIBRARIES := libatomic.so.1:libatomic1
TEST_COMMANDS := chromium:chromium tmux:tmux sox:sox flite:flite espeak-ng:espeak-ng ip:iproute2

help: ## What there is to make
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' Makefile

demo: ## Captions in a minute, offline: server, capture and display with a bundled recording (ARGS="--file talk.wav")
	@$(call set_up,run)
	exec $(PYTHON) -m rtt demo $(ARGS)

test: ## Every test this machine can run; the rest says what it lacks (ARGS="tests/core -x", PARALLEL= for one after the other)
	@$(call set_up,dev)
	exec $(PYTHON) -m pytest $(PARALLEL) $(ARGS)

test-deps: ## System packages the tests can use: root or sudo, asks first unless CI=true
	@$(shell_words)
	missing="$$(missing_libraries $(RUN_LIBRARIES) $(TEST_LIBRARIES))"
	if [ -z "$$(working_python)" ]; then missing="$$missing python3-venv"; fi
	for pair in $(TEST_COMMANDS); do
		if command -v "$${pair%%:*}" > /dev/null; then continue; fi
		package="$${pair#*:}"
		if [ "$$package" = chromium ] && command -v chromium-browser > /dev/null; then continue; fi
		missing="$$missing $$package"
	done
	if [ -z "$${missing# }" ]; then echo "Nothing is missing: the tests have all they can use."; exit 0; fi
	echo "To be installed for the tests (chromium alone is about 170 MB to fetch, 630 MB on disk):$$missing"
	if [ "$${CI:-}" = true ]; then yes=-y; else yes=; fi
	if ! install_packages "$$yes" $$missing; then
		echo "Not installed:$$missing. As root: apt-get install --no-install-recommends$$missing" >&2
		exit 1
	fi

lint: ## Style, format, types
	@$(call set_up,dev)
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy

bench: bench-invention bench-stall bench-fanout bench-rooms ## Every benchmark

bench-invention: ## How many words are invented on sound without speech, and what the guard costs (ARGS=--short)
	@$(call set_up,dev)
	exec $(PYTHON) -m benchmarks.invention $(ARGS)

bench-stall: ## How long the event loop is held up while rooms decode (ARGS="--rooms 2 --seconds 30")
	@$(call set_up,dev)
	exec $(PYTHON) -m benchmarks.stall $(ARGS)

bench-fanout: ## From an engine's event to every display (ARGS="--loads 10x20,25x40,1x2000")
	@$(call set_up,dev)
	exec $(PYTHON) -m benchmarks.fanout $(ARGS)

bench-rooms: ## What a room with Amazon Transcribe costs: CPU, memory, waiting (ARGS="--rooms 1,10 --seconds 20")
	@$(call set_up,dev)
	exec $(PYTHON) -m benchmarks.rooms $(ARGS)

soak: ## Does anything grow while rooms talk: 10 minutes, or what you say (ARGS="--hours 8")
	@$(call set_up,dev)
	exec $(PYTHON) -m benchmarks.soak $(ARGS)

rehearse: ## A whole rehearsal with Amazon Transcribe, without an AWS account (ARGS="--file talk.wav")
	@$(call set_up,dev)
	exec $(PYTHON) -m tests.emulator.rehearsal $(ARGS)

faults: ## Talks through real processes while faults befall them: nothing may be lost (ARGS="--seeds 1..40")
	@$(call set_up,dev)
	exec $(PYTHON) -m tests.faults $(ARGS)

completions: ## Write the shell completions anew
	@$(call set_up,run)
	for shell in bash zsh fish; do
		env _RTT_COMPLETE=source_$$shell $(PYTHON) -c "from rtt.commands.main import main; main()" > completions/rtt.$$shell
	done

COMPILE = $(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet \
	pyproject.toml --extra offline

lock: ## Resolve the dependencies anew, with hashes and without addresses (needs uv)
	@command -v $(UV) > /dev/null || { echo "make lock needs uv: $(PYTHON) -m pip install uv, then make lock UV=.venv/bin/uv" >&2; exit 1; }
	$(COMPILE) --upgrade --group build --output-file requirements/run.txt
	$(COMPILE) --upgrade --group dev --constraint requirements/run.txt --output-file requirements/dev.txt

clean: ## Forget the environment and everything made
	@rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
	find rtt tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# ---- The set-up -------------------------------------------------------------------------------------------------

# pocketsphinx has no wheel for 3.14, nor for 3.12 on 64-bit ARM: there the next one is taken.
define shell_words
missing_libraries() {
	for pair in $$*; do
		if ! PATH="$$PATH:/sbin" ldconfig -p | grep -q -F "$${pair%%:*}"; then printf ' %s' "$${pair#*:}"; fi
	done
}
working_python() {
	case "$$(uname -m)" in
		aarch64) order="python3.13 python3.11 python3 python3.12" ;;
		*) order="python3.13 python3.12 python3.11 python3" ;;
	esac
	for python in $$order; do
		if "$$python" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' > /dev/null 2>&1; then
			echo "$$python"
			return
		fi
	done
}
install_packages() {
	yes="$$1"
	shift
	if ! command -v apt-get > /dev/null; then return 1; fi
	if [ "$$(id -u)" = 0 ]; then as_root=
	elif sudo -n true 2> /dev/null; then as_root=sudo
	elif [ -t 0 ] && command -v sudo > /dev/null; then as_root=sudo; echo "sudo may ask for your password to install: $$*" >&2
	else return 1
	fi
	if ! $$as_root apt-get update -qq; then return 1; fi
	if ! apt-cache show chromium > /dev/null 2>&1; then
		set -- $$(echo " $$* " | sed 's/ chromium / chromium-browser /')
	fi
	$$as_root env DEBIAN_FRONTEND="$${yes:+noninteractive}" apt-get -o DPkg::Lock::Timeout=120 install $$yes --no-install-recommends "$$@"
}
endef

# $(1) is run or dev. A stamp in .venv holds what the environment was made from; equal means nothing to do.
define set_up
$(shell_words)
key="$$(cat pyproject.toml requirements/$(1).txt | cksum) $(CURDIR)"
if [ "$$(cat .venv/$(1).stamp 2> /dev/null)" != "$$key" ] || ! $(PYTHON) -c '' 2> /dev/null; then
	wanted="$$(missing_libraries $(RUN_LIBRARIES))"
	if [ -z "$$(working_python)" ]; then wanted="$$wanted python3-venv"; fi
	if [ -n "$${wanted# }" ]; then
		echo "Installing system packages: $${wanted# }"
		if ! install_packages -y $$wanted > /dev/null; then
			echo "Not installed. As root: apt-get install --no-install-recommends $${wanted# }" >&2
		fi
	fi
	python="$$(working_python)"
	if [ -z "$$python" ]; then
		echo "There is no Python 3.11 or newer that can make an environment. As root: apt-get install python3-venv" >&2
		exit 1
	fi
	if ! [ -x .venv/bin/pip ] || ! $(PYTHON) -c '' 2> /dev/null; then
		echo "Making an environment in .venv with $$("$$python" --version)"
		"$$python" -m venv --clear .venv
	fi
	echo "Installing Python packages, once: about 70 MB to fetch (for the tests 120 MB)"
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/$(1).txt
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	echo "$$key" > .venv/$(1).stamp
fi
endef
