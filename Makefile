# dKVM: the only entry points a person needs. `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup build cross run test check bench lab image flash deb clean

PAGE := devices/web/page
# How the binaries for the Pi are built: debian (Debian's cross toolchain) or cross (a container).
CROSS ?= debian
# `lab` builds in seconds what `release` builds in minutes, for those who change it.
PROFILE ?= release
export DKVM_BIN_DIR ?= $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)/$(PROFILE)
STATIC_TARGET := $(shell rustc -vV | sed -n 's/^host: //p')

help: ## This list
	@echo 'dKVM. The two commands: make run, make test.'
	@sed -n 's/^\([a-z]*\):.*## \(.*\)$$/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

setup: ## Install what is missing (says first what), build the lab's Linux once into a cache
	@lab/setup.sh

run: setup build ## Boot the virtual Pi wired to a virtual PC and print the address to work it from a browser
	@lab/run.sh run

test: setup build cross ## Every test: unit, process, conformance, page, lab scenarios; ends with a plain count
	@[ -z '$(BUILDROOT)' ] || $(MAKE) --no-print-directory image BOARD=qemu
	@PROFILE=$(PROFILE) .ci/test

check: ## Format, lints, licences, shell scripts, types of the page; no Linux is built for it
	@lab/setup.sh check
	@.ci/check

bench: setup build cross ## Measure: one table, medians and p99, against the peers in the same run
	@lab/setup.sh bench
	@lab/run.sh bench

lab: ## One scenario: make lab SCENARIO=name; without a name, the list
ifdef SCENARIO
	@$(MAKE) --no-print-directory setup build
	@lab/run.sh $(SCENARIO)
else
	@lab/setup.sh check
	@lab/run.sh
endif

# A file, so that an unchanged page is not built again, and neither is the device that it is embedded in.
PAGE_SOURCES := $(shell find $(PAGE)/src $(PAGE)/build.mjs $(PAGE)/package-lock.json $(PAGE)/tsconfig.json -type f 2>/dev/null)
$(PAGE)/dist/index.html: $(PAGE_SOURCES)
	@echo '== page'
	@cd $(PAGE) && { [ -d node_modules ] || npm ci --no-audit --no-fund; } && npm run --silent build
	@touch $@

build: $(PAGE)/dist/index.html ## The binaries (release) and the page
	@echo '== dkvm (static), dkvm-device'
	@cargo build --profile $(PROFILE) --locked --features dkvm-device/workstation -p dkvm-device -p dkvm-testkit -p dkvm-bench -p dkvm-bundle
	@cargo build --profile $(PROFILE) --locked -p dkvm-hid -p dkvm-gadget -p dkvm-peer --bins --examples # the lab's usb-devices and strangers
	@cargo rustc --profile $(PROFILE) --locked -p dkvm --bin dkvm --target $(STATIC_TARGET) -- -C target-feature=+crt-static

cross: $(PAGE)/dist/index.html ## The binaries for the Pi (aarch64); CROSS=cross builds them in a container
	@[ $(CROSS) = cross ] || lab/setup.sh cross
	@CROSS=$(CROSS) PROFILE=$(PROFILE) board/cross.sh

image: ## A card image: make image BOARD=rpi4, zero2w or qemu [BUILDROOT=dir] [CONSOLE=serial] [OFFLINE=debian]
	@BOARD='$(BOARD)' board/image.sh request
	@lab/setup.sh image
	@BOARD='$(BOARD)' board/image.sh check
	@$(MAKE) --no-print-directory cross
	@BOARD='$(BOARD)' board/image.sh

# A `$` in what is given stays; a password that was not given is asked for.
flash: override export WIFI_SSID := $(value WIFI_SSID)
ifneq ($(origin WIFI_PASSWORD),undefined)
flash: override export WIFI_PASSWORD := $(value WIFI_PASSWORD)
endif
# A HOSTNAME in the environment is this machine's, not the card's.
flash: ## Write it to a card: make flash DEVICE=/dev/sdX BOARD=... [KEY=file.pub] [HOSTNAME=] [WIFI_SSID=] [ADDRESS=]
	@BOARD='$(BOARD)' DEVICE='$(DEVICE)' HOST_NAME='$(if $(findstring command,$(origin HOSTNAME)),$(HOSTNAME))' board/flash.sh

deb: build ## A Debian package for a workstation: keyboard, mouse, screen of this machine for other nodes, into out/
	@board/workstation/deb.sh

clean: ## Remove what was built here; the cache of the lab's Linux stays
	@cargo clean
	@rm -rf $(PAGE)/dist $(PAGE)/node_modules lab/node_modules lab/out
