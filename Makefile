.PHONY: up test bench lint fuzz

# Vectis with everything it needs, a demo shop in it.
up:
	.ci/install
	SQLX_OFFLINE=true cargo build --release --workspace --exclude vectis-tests
	.ci/collect-plugins target/release data/plugins
	exec target/release/vectis up --demo

# The whole check, the same as in CI.
test:
	.ci/test

# One table of figures.
bench:
	.ci/install
	SQLX_OFFLINE=true cargo build --release --workspace
	tests/borders/build
	SQLX_OFFLINE=true .ci/with-postgres --durable cargo bench -p vectis-tests

lint:
	cargo fmt --all --check
	SQLX_OFFLINE=true cargo clippy --workspace --all-targets -- -D warnings

# What comes from strangers, thrown at what reads it: FUZZ_SECONDS for each target, all at once.
FUZZ_SECONDS ?= 600
fuzz:
	.ci/fuzz $(FUZZ_SECONDS)
