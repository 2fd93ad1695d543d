#!/usr/bin/env bash
# The Ruby binding: one file, tested against the sandbox, and its example.
set -euo pipefail
# shellcheck source=Tests/packaging/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need ruby ruby "the Ruby binding" || exit 0
# shellcheck source=Tests/packaging/language.sh
. "$root/Tests/packaging/language.sh"
example=(ruby "$folder/examples/generate.rb")

clean() { local said; said=$(ruby -wc "$1" 2>&1) && [ "$said" = "Syntax OK" ] || { echo "$said"; return 1; }; }
without_library() {
    local said
    said=$(AIGC_LIBRARY=/nowhere.so ruby -r "$folder/aigc.rb" -e 1 2>&1) && return 1
    grep -q 'install libaigc, or set AIGC_LIBRARY' <<<"$said"
}

for file in aigc.rb test.rb examples/generate.rb; do ok "$file parses without a warning" clean "$folder/$file"; done
ok "tests" timeout 400 ruby -w "$folder/test.rb"
ok "the example makes an image at Tencent" generates tencent "a cat from Ruby"
ok "and at Alibaba" generates alibaba "a <special-token> from Ruby" -image https://example.com/reference.png
ok "a program that is interrupted says what is known of its job" \
    interrupted 1 "${example[@]}" "${options[@]}" tencent "[never] a cat from Ruby" "$work/none"
ok "a library that is not there is told in one line" without_library
exit "$failed"
