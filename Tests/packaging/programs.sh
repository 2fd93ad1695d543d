# shellcheck shell=bash
# The program of each language (programs/), for tests and measures across languages. Sourced with root, prefix (an install of
# the library), python, and work (a folder) set.

# programs WORK: builds what can be built here and prints a line for each language: its name, TAB, its command, whose words
# are separated by TABs too. What cannot be built is told on standard error: "NAME: WHY".
programs() {
    : "${root:?}" "${prefix:?}" "${python:?}"
    local to=$1 from=$root/Tests/packaging/programs jna=${JNA:-/usr/share/java/jna.jar}
    mkdir -p "$to"
    export PKG_CONFIG_PATH=$prefix/lib/pkgconfig LD_LIBRARY_PATH=$prefix/lib
    one() { # NAME NEEDED BUILD-COMMAND... -- COMMAND...
        local name=$1 needed=$2 build=()
        shift 2
        while [ "$1" != -- ]; do build+=("$1"); shift; done
        shift
        if ! { "$needed" --version || "$needed" version; } >/dev/null 2>&1; then
            echo "$name: there is no $needed here that runs" >&2
            return
        fi
        if [ ${#build[@]} -gt 0 ] && ! "${build[@]}" >"$to/$name.log" 2>&1; then
            echo "$name: it does not build: $(tail -n 5 "$to/$name.log" | tr '\n' ' ')" >&2
            return
        fi
        printf '%s' "$name"
        printf '\t%s' "$@"
        printf '\n'
    }
    build_c() {
        # shellcheck disable=SC2046 # the flags are words
        cc -std=gnu11 -O2 -Wall -Wextra -Werror "$from/program.c" $(pkg-config --cflags --libs aigc) -o "$to/program-c"
    }
    build_go() {
        rm -rf "$to/go"
        mkdir -p "$to/go"
        cp "$from/program.go" "$to/go/main.go"
        (cd "$to/go" && export GOFLAGS=-mod=mod GOPROXY=off GOTOOLCHAIN=local && go mod init program &&
            go mod edit -require=aigc@v1.0.0 -replace="aigc=$root/bindings/go" && go build -o "$to/program-go" .)
    }
    build_rust() {
        mkdir -p "$to/rust/src"
        cp "$from/program.rs" "$to/rust/src/main.rs"
        printf '[package]\nname = "program"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\naigc = { path = "%s" }\n' \
            "$root/bindings/rust" >"$to/rust/Cargo.toml"
        (cd "$to/rust" && CARGO_TARGET_DIR=$to/cargo CARGO_NET_OFFLINE=true RUSTFLAGS="-D warnings" cargo build --release --quiet)
    }
    build_java() {
        bash "$root/bindings/java/build.sh" --to "$to/java" &&
            javac --release 11 -Xlint:all -Werror -cp "$to/java/aigc.jar" -d "$to/java/program" "$from/Program.java"
    }
    build_csharp() {
        bash "$root/bindings/csharp/build.sh" --to "$to/csharp" &&
            mcs -langversion:7 -warnaserror -r:"$to/csharp/Aigc.dll" -out:"$to/csharp/Program.exe" "$from/Program.cs"
    }
    one c cc build_c -- "$to/program-c"
    one python "$python" -- "$python" "$from/program.py"
    one go go build_go -- "$to/program-go"
    one rust cargo build_rust -- "$to/cargo/release/program"
    one ruby ruby -- ruby "$from/program.rb"
    one php php -- php "$from/program.php"
    one node node bash "$root/bindings/node/build.sh" --to "$to/aigc.node" -- \
        env AIGC_ADDON="$to/aigc.node" node "$from/program.js"
    one java javac build_java -- java -cp "$to/java/program:$to/java/aigc.jar:$jna" Program
    one csharp mcs build_csharp -- mono "$to/csharp/Program.exe"
}
