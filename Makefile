# SPDX-License-Identifier: GPL-2.0
# The front door. Each target is a line that starts a script of ci/.

.DEFAULT_GOAL := help
.PHONY: help demo shell tools test test-debug soak bench-aging bench-placement series mbox clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 17

demo: ## fetch, apply, build, boot a 65 GiB guest, show the driver at work
	@ci/demo

shell: ## the same, with a prompt at the end
	@ci/demo shell

tools: ## build daxmap, which tells how files can be mapped; prints where it is
	@ci/tools

test: ## everything that checks; T="NAME..." only those of ci/checks and ci/cases
	@ci/test $(T)

test-debug: ## the guest cases on a kernel with KASAN and lockdep
	@ci/test --add debug $(T)

soak: ## long runs of what make test has a short version of; hours
	@ci/test --soak $(T)

bench-aging: ## age ext4 with and without the placement for 2 MiB pages; hours
	@ci/bench-aging $(A)

bench-placement: ## how much of files is in 2 MiB pages, by how they are filled; BENCH=quick|full
	@ci/bench-placement $(or $(BENCH),quick)

series: ## write the patches that add the project's files
	@ci/make-series

mbox: ## write the series as one mailbox, with a cover letter
	@ci/mbox

clean: ## remove trees, builds and the compiler's cache
	@ci/clean
