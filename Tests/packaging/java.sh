#!/usr/bin/env bash
# The Java binding: built with plain javac, its Javadoc, tested against the sandbox, its first use, and its example.
set -euo pipefail
# shellcheck source=Tests/packaging/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need javac openjdk-17-jdk-headless "the Java binding" || exit 0
jna=${JNA:-/usr/share/java/jna.jar}
if [ ! -f "$jna" ]; then
    skip "the Java binding" "there is no jna.jar here (Debian: libjna-java)"
    exit 0
fi
# shellcheck source=Tests/packaging/language.sh
. "$root/Tests/packaging/language.sh"
classes=$work/aigc.jar:$jna
example=(java -cp "$work/example:$classes" Generate)

compiled() { javac --release 11 -Xlint:all -Werror -cp "$classes" -d "$work/tests" "$folder"/src/test/java/aigc/*.java; }
example_compiled() { javac --release 11 -Xlint:all -Werror -cp "$classes" -d "$work/example" "$folder/examples/Generate.java"; }
one_layer() { # what knows JNA is one file
    local others
    others=$(grep -l 'com\.sun\.jna' "$folder"/src/main/java/aigc/*.java)
    echo "$others"
    [ "$others" = "$folder/src/main/java/aigc/Native.java" ]
}
# The time of a machine that does other things too says little: it is printed, and only what no load explains is wrong.
first_use() {
    local best=100000 took
    for _ in 1 2 3 4 5; do
        took=$(java -cp "$work/tests:$classes" aigc.FirstUse)
        [ "$took" -gt 0 ] && [ "$took" -lt "$best" ] && best=$took
    done
    echo "$best" >"$work/first-use"
    [ "$best" -lt 1500 ] || { echo "$best ms"; return 1; }
}
without_library() {
    local said
    said=$(AIGC_LIBRARY=/nowhere.so java -cp "$work/tests:$classes" aigc.FirstUse 2>&1) && return 1
    grep -q 'install libaigc, or set AIGC_LIBRARY' <<<"$said"
}

ok "it builds with javac, and its Javadoc, without a warning" bash "$folder/build.sh" --to "$work" --javadoc
ok "its pom.xml is XML" "$python" -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$folder/pom.xml"
ok "its tests build without a warning" compiled
ok "one file knows JNA" one_layer
ok "tests" timeout 400 java -XX:TieredStopAtLevel=1 -cp "$work/tests:$classes" aigc.AigcTest
ok "the first use" first_use
[ ! -f "$work/first-use" ] || echo "# the first use: $(cat "$work/first-use") ms, best of five (goal: 150 on a quiet machine)"
ok "the example builds" example_compiled
ok "the example has less than 60 lines" test "$(wc -l <"$folder/examples/Generate.java")" -lt 60
ok "the example makes an image at Tencent" generates tencent "a cat from Java"
ok "and at Alibaba" generates alibaba "a <special-token> from Java" -image https://example.com/reference.png
ok "a program that is interrupted says what is known of its job" interrupted --by-signal 1 \
    "${example[@]}" "${options[@]}" tencent "[never] a cat" "$work/none"
ok "a library that is not there is told in one line" without_library
exit "$failed"
