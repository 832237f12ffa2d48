# Two commands matter: `make serve MUSIC=~/Music` and `make test`. Both install what is missing first.
# `make help` lists the rest. Everything else is `cargo xtask --help`.

SHELL := /bin/bash
export PATH := $(CURDIR)/.tools/bin:$(HOME)/.cargo/bin:$(PATH)
export MUSIC LISTEN DATA

.PHONY: help serve build test bench setup bless screenshots
.DEFAULT_GOAL := help

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

serve: build ## build and serve MUSIC=folder (a demo album without it); also LISTEN=addr:port DATA=folder
	@scripts/serve.sh

build: ## install what is missing and build the release binary with the web UI
	@scripts/setup.sh serve
	cargo build --release --locked --package fanfare-server

test: ## install what is missing and run everything CI runs
	@scripts/setup.sh test
	cargo xtask ci

bench: ## measure speed and size, print each figure with its target
	@scripts/setup.sh test
	cargo xtask bench

bless: ## write the generated files again (settings page, API document, snapshots)
	FANFARE_BLESS=1 cargo xtask ci --only tests

screenshots: ## pictures of the web UI, desktop and phone, light and dark
	@scripts/setup.sh test
	cargo xtask screenshots
