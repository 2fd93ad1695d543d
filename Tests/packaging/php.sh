#!/usr/bin/env bash
# The PHP binding: one file, tested against the sandbox, and its example.
set -euo pipefail
# shellcheck source=Tests/packaging/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need php php-cli "the PHP binding" || exit 0
# shellcheck source=Tests/packaging/language.sh
. "$root/Tests/packaging/language.sh"
example=(php "$folder/examples/generate.php")

clean() { grep -q '^No syntax errors' < <(php -d error_reporting=-1 -d display_errors=1 -l "$1"); }
without_library() {
    local said
    said=$(AIGC_LIBRARY=/nowhere.so php -r "require '$folder/aigc.php'; new Aigc\\Client();" 2>&1) && return 1
    grep -q 'install libaigc, or set AIGC_LIBRARY' <<<"$said"
}

for file in aigc.php test.php examples/generate.php; do ok "$file parses without a warning" clean "$folder/$file"; done
ok "tests" timeout 400 php -d error_reporting=-1 -d display_errors=1 "$folder/test.php"
ok "the example makes an image at Tencent" generates tencent "a cat from PHP"
ok "and at Alibaba" generates alibaba "a <special-token> from PHP" -image https://example.com/reference.png
if grep -qx pcntl < <(php -m); then
    ok "a program that is interrupted says what is known of its job" \
        interrupted 1 "${example[@]}" "${options[@]}" tencent "[never] a cat from PHP" "$work/none"
else
    skip "an interrupted program tells the token" "this PHP has no pcntl"
fi
ok "a library that is not there is told in one line" without_library
exit "$failed"
