# Gala: what one does with it, one target each. `make help` lists them.

SHELL := /bin/bash
SWIFT ?= swift
SEEDS ?= 1..100000
SIM_SEEDS ?= 1..2000
TIME ?= 60
# Tests look behind access control, and run as fast as what is shipped.
TEST_FLAGS = -c release -Xswiftc -enable-testing
PACKAGES = librocksdb-dev liblz4-dev libssl-dev
# What the harness of real processes can do more with; it does without, and says so.
CHAOS_PACKAGES = iproute2 nftables faketime

.DEFAULT_GOAL := help
.PHONY: run stop clean-data help packages lint local-cluster test harness explore scripts sim mutants crash fuzz bench chaos \
	chaos-all chaos-programs chaos-packages bench-http bench-donations bench-transactions bench-failover \
	bench-profile bench-programs

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /make \1	/' | expand -t 22

packages: ## install the Debian packages that the build needs, where they are missing
	@missing=$$(for p in $(PACKAGES) $(MORE_PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || echo $$p; done); \
	if [ -n "$$missing" ]; then \
		echo "installing Debian packages:" $$missing; \
		sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
		$$sudo apt-get update -qq && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing >/dev/null; \
	fi

lint: ## check format, documentation comments and the purity of core code
	$(SWIFT) format lint --strict --recursive Package.swift Sources Tests Benchmarks/Package.swift Benchmarks/Sources \
		Fuzz/Package.swift Fuzz/Sources
	sh Tests/Lint/core-purity.sh

run: packages ## start a cluster of three nodes on this machine; BACKGROUND=1 returns once it serves
	$(SWIFT) build -c release --product gala
	$(SWIFT) build -c release --product galactl
	@cluster/local/run.sh start $(if $(BACKGROUND),--background)

stop: ## stop that cluster
	@cluster/local/run.sh stop

clean-data: ## forget all its data and keys
	@cluster/local/run.sh clean

local-cluster: ## look whether the local cluster's script finds its nodes, and nothing else
	Tests/LocalCluster/run.sh

test: packages lint local-cluster ## build and run every test; what failed is told once more at the end
	@mkdir -p .build
	@set -o pipefail; $(SWIFT) test $(TEST_FLAGS) 2>&1 | tee .build/test.log || { \
		echo "What failed:"; grep -aE '✘|recorded an issue|error: ' .build/test.log | cut -c1-500 | tail -n 60; exit 1; }

harness: packages ## run the randomised Raft clusters for SEEDS (default 1..100000)
	$(SWIFT) run -c release raft-harness --seeds $(SEEDS)

explore: packages ## visit every state of small worlds of transactions
	$(SWIFT) build -c release -Xswiftc -enable-testing --product transaction-explorer
	.build/release/transaction-explorer run all

sim: packages ## live through simulated clusters under faults for SIM_SEEDS (default 1..2000)
	$(SWIFT) build -c release --product galasim
	.build/release/galasim run --seeds $(SIM_SEEDS)
	.build/release/galasim run --seeds $(SIM_SEEDS) --workload donations

mutants: packages ## seed one defect after the other in every layer; the simulations must find each
	SWIFT_BUILD="$(SWIFT) build" Tests/Mutations/run.sh --set raft
	SWIFT_BUILD="$(SWIFT) build" Tests/Mutations/run.sh --set store
	SWIFT_BUILD="$(SWIFT) build" Tests/Mutations/run.sh --set transactions
	SWIFT_BUILD="$(SWIFT) build" Tests/Mutations/run.sh --set transactions-sim
	SWIFT_BUILD="$(SWIFT) build" Tests/Mutations/run.sh --set domain
	SWIFT_BUILD="$(SWIFT) build" Tests/Mutations/run.sh --set domain-sim

crash: packages ## kill real processes and cut the power of real file systems (root) under a store
	$(SWIFT) build -c release --product crash-trial
	Tests/CrashTrial/run.sh

chaos: chaos-programs ## harm real processes and networks for TIME seconds (default 60), by SEED if given, and judge
	.build/release/chaos run --seconds $(TIME) $(if $(SEED),--seed $(SEED))

chaos-all: chaos ## the same, and gifts, rolling restarts, a node that was away, and abuse of every port
	.build/release/chaos gifts
	.build/release/chaos rolling
	.build/release/chaos snapshot
	.build/release/chaos abuse

chaos-programs: chaos-packages
	$(SWIFT) build -c release --product gala
	$(SWIFT) build -c release --product galactl
	$(SWIFT) build -c release --product chaos

chaos-packages:
	@$(MAKE) --no-print-directory packages MORE_PACKAGES="$(CHAOS_PACKAGES)"

fuzz: packages ## feed each decoder what libFuzzer makes up, TIME seconds each (default 60)
	SWIFT_BUILD="$(SWIFT) build" TIME=$(TIME) Fuzz/run.sh

bench: packages ## measure the consensus core, the log and the engine beside what they stand on, and minting ids
	$(SWIFT) run -c release --package-path Benchmarks raft-benchmark
	$(SWIFT) run -c release --package-path Benchmarks store-benchmark
	$(SWIFT) run -c release --package-path Benchmarks id-benchmark

bench-http: bench-programs ## measure puts and gets over HTTP, beside etcd where that is installed
	Benchmarks/HTTP/throughput.py $(OPTIONS)

bench-donations: bench-programs ## measure donations a second over HTTP, beside PostgreSQL where that is installed
	Benchmarks/HTTP/donations.py $(OPTIONS)

bench-transactions: bench-programs ## measure transactions over one, two and three partitions, and the rounds they take
	Benchmarks/HTTP/transactions.py $(OPTIONS)

bench-failover: bench-programs ## measure how long writers wait when the leader dies or stands still, beside etcd
	Benchmarks/HTTP/failover.py $(OPTIONS)

bench-profile: bench-programs ## sample a leader's process under load, and say where its time goes
	Benchmarks/HTTP/profile.py $(OPTIONS)

bench-programs:
	@$(MAKE) --no-print-directory packages MORE_PACKAGES=wrk
	$(SWIFT) build -c release --product gala
	$(SWIFT) build -c release --product galactl
