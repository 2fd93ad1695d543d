#!/usr/bin/env bash
# Swift code is formatted as .swift-format says; shell scripts are clean under shellcheck; Python compiles.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
failed=0

# rule NAME COMMAND...: one fact, with what the command said when it is not as it should be.
rule() {
    local name=$1 said
    shift
    if said=$("$@" 2>&1); then
        echo "ok - $name"
    else
        echo "not ok - $name: $(head -n 1 <<<"$said")"
        sed -n '2,40s/^/#   /p' <<<"$said"
        failed=1
    fi
}

mapfile -t scripts < <(git ls-files --cached --others --exclude-standard -- '*.sh' .ci/run)
mapfile -t sources < <(git ls-files --cached --others --exclude-standard -- '*.swift')
if command -v swift >/dev/null && swift format --version >/dev/null 2>&1; then
    rule "Swift format (${#sources[@]} files)" swift format lint --strict --parallel "${sources[@]}"
else
    echo "ok - Swift format # SKIP this toolchain has no swift format"
fi
if command -v shellcheck >/dev/null; then
    rule "shellcheck (${#scripts[@]} files)" shellcheck -x -S warning -f gcc "${scripts[@]}"
else
    echo "ok - shellcheck # SKIP shellcheck is not installed"
fi
parse() { for script in "${scripts[@]}"; do bash -n "$script" || return 1; done; }
rule "shell scripts parse" parse
# grep -q ends at its first match, and who still writes into the pipe dies of it: with pipefail the match then fails.
no_early_end() { ! grep -nE '[^|]\| *grep [^|]*-[a-zA-Z]*q' "${scripts[@]}" | grep -v 'Tests/checks/format.sh'; }
rule "no pipe ends in grep -q (write: grep -q X < <(command))" no_early_end
exit "$failed"
