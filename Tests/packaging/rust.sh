#!/usr/bin/env bash
# The Rust crate: formatted, without a warning, tested against the sandbox, and used by a crate of its own in both ways to
# find the library. No crate is fetched.
set -euo pipefail
# shellcheck source=Tests/packaging/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# A rustup without a toolchain has a cargo that runs nothing: Debian's lies behind it.
cargo --version >/dev/null 2>&1 || PATH=/usr/bin:$PATH
cargo --version >/dev/null 2>&1 || { skip "the Rust crate" "there is no cargo here that runs (Debian: cargo)"; exit 0; }
read_options
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig LD_LIBRARY_PATH=$prefix/lib
export CARGO_TARGET_DIR=$AIGC_PACKAGING/cargo CARGO_NET_OFFLINE=true RUSTFLAGS="-D warnings"
crate=$root/bindings/rust

in_crate() { cd "$crate" && "$@"; }
# A stranger's crate. cargo names what it links; the program looks for the library where it is told.
stranger() {
    rm -rf "$work/stranger"
    mkdir -p "$work/stranger/src"
    cp "$crate/examples/generate.rs" "$work/stranger/src/main.rs"
    cat >"$work/stranger/Cargo.toml" <<TOML
[package]
name = "stranger"
version = "0.1.0"
edition = "2021"

[dependencies]
aigc = { path = "$crate" }
TOML
    cd "$work/stranger" && cargo build --quiet
}
generates() { # PROVIDER OPTION...
    local provider=$1
    shift
    rm -rf "$work/images"
    mkdir "$work/images"
    forget
    "$CARGO_TARGET_DIR/debug/stranger" "${options[@]}" "$@" "$provider" "a <special-token> cat from Rust" "$work/images/cat" &&
        images_are "$provider" 1 "$work/images"
}
with_libdir() {
    unset PKG_CONFIG_PATH
    export AIGC_LIB_DIR=$prefix/lib
    stranger && generates tencent
}
# The crate by itself: in a clone that is built it finds the library there.
not_found() {
    local said
    unset AIGC_LIB_DIR
    export PKG_CONFIG_PATH=$work
    cp -r "$crate" "$work/alone"
    sed -i "s|path = .*|path = \"$work/alone\" }|" "$work/stranger/Cargo.toml"
    said=$(cd "$work/stranger" && cargo build --quiet 2>&1) && { echo "it builds without the library"; return 1; }
    grep 'Install it with bindings/c/install.sh' <<<"$said"
}

if cargo fmt --version >/dev/null 2>&1; then ok "cargo fmt" in_crate cargo fmt --check; else skip "cargo fmt" "no rustfmt"; fi
if cargo clippy --version >/dev/null 2>&1; then
    ok "cargo clippy" in_crate cargo clippy --quiet --all-targets -- -D warnings
else
    skip "cargo clippy" "there is no clippy here"
fi
# As somebody tests it in a clone that is built and not installed: nothing has to be set.
in_a_clone() {
    rm -rf "$work/clone"
    mkdir -p "$work/clone/bindings" "$work/clone/.build"
    cp -r "$crate" "$work/clone/bindings/rust"
    ln -s "$dist" "$work/clone/.build/dist"
    cd "$work/clone/bindings/rust" && env -u LD_LIBRARY_PATH -u AIGC_TEST_CONFIG PKG_CONFIG_PATH="$work" cargo test --quiet
}
ok "cargo test, with what must not compile" in_crate cargo test --quiet
ok "cargo test in a clone" in_a_clone
ok "a crate of its own builds, through pkg-config" stranger
ok "and makes an image at Tencent" generates tencent
ok "and at Alibaba" generates alibaba --image https://example.com/reference.png
ok "Ctrl-C, SIGTERM and SIGHUP end it, with the token printed and the truth about money" \
    interrupted 1 "$CARGO_TARGET_DIR/debug/stranger" "${options[@]}" tencent "[never] a cat from Rust" "$work/none"
ok "the same through AIGC_LIB_DIR" with_libdir
ok "a library that is not there is told in one line" not_found
packages() {
    (cd "$root/bindings/rust" && cargo package --allow-dirty --no-verify --offline --target-dir "$work/package") &&
        grep -q "/src/sys.rs" < <(tar -tzf "$work"/package/package/aigc-*.crate)
}
ok "cargo package" packages
exit "$failed"
