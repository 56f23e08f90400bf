# SPDX-License-Identifier: GPL-2.0
# The front door. Each target is a line that starts a script of ci/.

.DEFAULT_GOAL := help
.PHONY: help demo shell tools deb check test test-debug soak crash bench bench-aging bench-placement versions series mbox release clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 17

demo: ## fetch, apply, build, boot a 65 GiB guest, show the driver at work
	@ci/demo

shell: ## the same, with a prompt at the end
	@ci/demo shell

tools: ## build daxmap, which tells how files can be mapped; prints where it is
	@ci/tools

deb: ## build Debian packages: tools, DKMS, then a kernel, which takes hours; FLAVOUR=vm|none
	@ci/deb
	@[ "$(FLAVOUR)" = none ] || ci/deb-kernel $(or $(FLAVOUR),debian)

check: ## what to run before a commit: series, unit tests, kernel, demo, selftests
	@ci/test --check $(T)

test: ## everything short, on the plain and the debug kernel; T="NAME..." only those
	@ci/test $(T)

test-debug: ## the guest cases on the kernel with KASAN and lockdep only
	@ci/test --add debug $(T)

soak: ## long versions of the tests, on the debug kernel; hours
	@ci/test --soak $(T)

crash: ## try what a reset could leave of files, and look for what is lost; A="OPTION..."
	@ci/crash $(A)

bench: ## what I/O costs, compared with others; BENCH=quick|full, or native A="NAME=DISK..."
	@ci/bench $(or $(BENCH),quick) $(A)

bench-aging: ## age ext4 with and without the placement; A="OPTION..."; hours
	@ci/bench-aging $(A)

bench-placement: ## how much of files is in 2 MiB pages, by how they are filled; BENCH=quick|full
	@ci/bench-placement $(or $(BENCH),quick)

versions: ## which kernel sources the archive serves, and whether the series applies
	@ci/versions

series: ## write the patches that add the project's files
	@ci/make-series

mbox: ## write the series as one mailbox, with a cover letter
	@ci/mbox

release: ## the files of a release: series, mailboxes, packages; FLAVOUR=debian|vm|none
	@ci/release $(or $(FLAVOUR),debian)

clean: ## remove trees, builds and the compiler's cache
	@ci/clean
