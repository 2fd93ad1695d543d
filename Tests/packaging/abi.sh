#!/usr/bin/env bash
# Programs of every recorded version run with the library of today; and Tests/checks/abi.sh sees what it must see.
set -euo pipefail
# shellcheck source=Tests/packaging/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

checks=$root/Tests/checks
node() { printf 'AIGC_1 {\nglobal:\n    aigc_*;\nlocal:\n    *;\n};\n' >"$work/node.map"; }

# A library that has the functions of then and does nothing, to link against; every function is named, bound at once.
old_program() { # FOLDER
    local at
    at=$work/$(basename "$1")
    mkdir -p "$at"
    python3 "$checks/abi.py" stub "$1/aigc.h" >"$at/stub.c"
    node
    cc -shared -fPIC -w "$at/stub.c" -o "$at/libaigc.so" -Wl,-soname,libaigc.so.1 -Wl,--version-script="$work/node.map" &&
        {
            printf '#include <aigc.h>\nvoid *const all_functions[] = {\n'
            python3 -c 'import sys; sys.path.insert(0, sys.argv[1]); import header; from pathlib import Path
print("\n".join("    (void *)%s," % f.name for f in header.functions(Path(sys.argv[2]))))' "$root/Tests/tools" "$1/aigc.h"
            printf '};\n'
        } >"$at/all.c" &&
        cc -D_GNU_SOURCE -O1 -w "-I$1" "$1/program.c" "$at/all.c" "-L$at" -laigc -Wl,-z,now -o "$at/program" &&
        grep -q AIGC_1 < <(readelf -V "$at/program")
}
run_program() { LD_LIBRARY_PATH=$prefix/lib timeout 120 "$1" || failed=1; }

# A copy of what the check reads, to be changed.
mutant() {
    rm -rf "$work/mutant"
    mkdir -p "$work/mutant/Tests"
    cp -r "$root/Tests/checks" "$root/Tests/tools" "$root/Tests/abi" "$work/mutant/Tests"
    cp -r "$root/include" "$work/mutant"
}
# sees WHAT SED-SCRIPT WORD: after that change of the header, the check fails and names the word.
sees() {
    mutant
    sed -i "$1" "$work/mutant/include/aigc.h"
    if cmp -s "$root/include/aigc.h" "$work/mutant/include/aigc.h"; then echo "the change changed nothing"; return 1; fi
    if bash "$work/mutant/Tests/checks/abi.sh" >"$work/seen" 2>&1; then cat "$work/seen"; return 1; fi
    grep "^not ok.*$2" "$work/seen" || { cat "$work/seen"; return 1; }
}
lists() { # what is new fails nothing, and is listed with its version
    mutant
    local version declaration
    version=$(python3 "$root/Tests/tools/header.py" version | cut -d. -f1,2)
    declaration="/* New. Since $version. */\nint32_t aigc_error_new(const aigc_error *error);\n\n"
    sed -i "s|^/\* Frees an error\.|$declaration&|" "$work/mutant/include/aigc.h"
    sed -i "s|AIGC_E_INTERNAL = 900 |AIGC_E_NEW = 901, /* new (since $version) */\n    &|" "$work/mutant/include/aigc.h"
    bash "$work/mutant/Tests/checks/abi.sh" >"$work/seen" || { cat "$work/seen"; return 1; }
    grep "# new .*function aigc_error_new (since $version)" "$work/seen" &&
        grep "# new .*AIGC_E_NEW (since $version)" "$work/seen"
}
# The same for what only a library shows: a symbol less, a configuration key less.
sees_library() {
    mutant
    printf 'key gone.key\tstring\nsymbol aigc_gone@@AIGC_1\texported\n' >>"$work/mutant/Tests/abi/1.0/interface.txt"
    if bash "$work/mutant/Tests/checks/abi.sh" "$prefix/lib/libaigc.so.1" >"$work/seen" 2>&1; then return 1; fi
    grep '^not ok.*key gone.key is gone' "$work/seen" && grep '^not ok.*symbol aigc_gone@@AIGC_1 is gone' "$work/seen"
}

for folder in "$root"/Tests/abi/*/; do
    folder=${folder%/}
    ok "a program of $(basename "$folder") builds with the header of then" old_program "$folder"
    run_program "$work/$(basename "$folder")/program"
done
ok "the check sees a function that is gone" sees '/^void aigc_client_wake/d' 'function aigc_client_wake is gone'
ok "a parameter of another type" sees 's/^\(size_t aigc_job_asset_count\)(const aigc_job \*job)/\1(int32_t job)/' \
    'function aigc_job_asset_count'
ok "another result" sees 's/^double aigc_job_progress/float aigc_job_progress/' 'function aigc_job_progress'
ok "another value" sees 's/AIGC_E_TIMEOUT = 200/AIGC_E_TIMEOUT = 203/' 'constant AIGC_E_TIMEOUT'
ok "another word" sees 's/^#define AIGC_TENCENT_IMAGE .*/#define AIGC_TENCENT_IMAGE "image"/' 'constant AIGC_TENCENT_IMAGE was'
ok "another type" sees 's/^typedef int32_t aigc_status/typedef int64_t aigc_status/' 'type aigc_status'
ok "a struct that shows its body" sees 's/^typedef struct aigc_job aigc_job;/struct aigc_job { int x; };\n&/' \
    'no body of a struct'
ok "a symbol and a key that are gone" sees_library
ok "what is new fails nothing and is listed" lists
if command -v abidiff >/dev/null; then
    ok "abidiff sees it too" sees 's/^double aigc_job_progress/float aigc_job_progress/' 'abidiff'
else
    skip "abidiff sees it too" "there is no abidiff here (Debian: abigail-tools)"
fi
exit "$failed"
