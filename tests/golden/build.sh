#!/usr/bin/env bash
# Builds the golden plugins from plugin-api as it is now, and plugin-api as it would be as 1.3 (patches/). What was frozen for
# earlier minors (golden-1.0.so, golden-1.1.so) is never built again.
#
#   build.sh plugins   freezes golden-1.2.so, golden-1.3.so and golden-other-layout.so in this folder
#   build.sh host      builds the host that offers 1.3 and prints its path
#
# Each variant of the API gets a copy of the workspace and a target directory of its own under target/golden: two builds of
# the same package and version in one target directory would reuse each other's result.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
unset CARGO_TARGET_DIR

# stage VARIANT [PATCH]: brings target/golden/VARIANT up to date; files that did not change keep their time.
stage() {
  local to="$root/target/golden/$1" fresh file
  fresh=$(mktemp -d)
  cp -r "$root/plugin-api" "$here/plugin" "$here/host" "$fresh"
  cp "$root/Cargo.lock" "$root/rust-toolchain.toml" "$fresh"
  sed '/^members = \[/,/^\]/c members = ["plugin-api", "plugin", "host"]' "$root/Cargo.toml" > "$fresh/Cargo.toml"
  # The host needs what 1.3 adds, and tests of the API are no part of a variant.
  [ "$1" = api-1.3 ] || sed -i 's/, "host"\]/]/' "$fresh/Cargo.toml"
  rm -rf "$fresh/plugin-api/tests"
  [ $# -lt 2 ] || (cd "$fresh" && GIT_CEILING_DIRECTORIES="$(dirname "$fresh")" git apply "$here/patches/$2")
  mkdir -p "$to"
  (cd "$fresh" && find . -type f) | while read -r file; do
    cmp -s "$fresh/$file" "$to/$file" || install -D -m 644 "$fresh/$file" "$to/$file"
  done
  rm -rf "$fresh"
}

# plugin VARIANT RESULT [CARGO ARGUMENT...]: small, without a path of this machine inside.
plugin() {
  local variant="$root/target/golden/$1" result="$here/$2"
  shift 2
  (cd "$variant" &&
    CARGO_PROFILE_RELEASE_OPT_LEVEL=z CARGO_PROFILE_RELEASE_LTO=fat CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1 \
    RUSTFLAGS="--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo --remap-path-prefix=$variant=/golden" \
    cargo build --quiet --offline --release -p vectis-golden-plugin "$@")
  install -m 644 "$variant/target/release/libvectis_golden_plugin.so" "$result"
}

case "${1:-}" in
  plugins)
    stage api-1.2
    plugin api-1.2 golden-1.2.so --features api-1-2
    stage api-1.3 api-1.3.patch
    plugin api-1.3 golden-1.3.so --features api-1-3
    stage other-layout other-layout.patch
    plugin other-layout golden-other-layout.so
    ls -l "$here"/*.so
    ;;
  host)
    stage api-1.3 api-1.3.patch
    (cd "$root/target/golden/api-1.3" && cargo build --quiet --offline -p vectis-golden-host)
    echo "$root/target/golden/api-1.3/target/debug/vectis-golden-host"
    ;;
  *)
    sed -n '2,10s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
