#!/usr/bin/env bash
# The C# binding: built with mono's compiler, tested against the sandbox, and its example. dotnet is not tried here.
set -euo pipefail
# shellcheck source=Tests/packaging/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need mcs mono-mcs "the C# binding" || exit 0
need mono mono-runtime "the C# binding" || exit 0
# shellcheck source=Tests/packaging/language.sh
. "$root/Tests/packaging/language.sh"
example=(mono "$work/Generate.exe")

compiled() { mcs -langversion:7 -warnaserror -r:"$work/Aigc.dll" -out:"$work/$1.exe" "$folder/$2"; }
without_library() {
    local said
    said=$(AIGC_LIBRARY=/nowhere.so "${example[@]}" tencent x "$work/none" 2>&1) && return 1
    grep -q 'install libaigc, or set AIGC_LIBRARY' <<<"$said"
}

ok "it builds, documented, without a warning" bash "$folder/build.sh" --to "$work"
ok "its Aigc.csproj is XML" "$python" -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$folder/Aigc.csproj"
ok "its tests build" compiled Tests tests/Tests.cs
ok "tests" timeout 400 mono "$work/Tests.exe"
ok "the example builds" compiled Generate examples/Generate.cs
ok "the example has less than 60 lines" test "$(wc -l <"$folder/examples/Generate.cs")" -lt 60
ok "the example makes an image at Tencent" generates tencent "a cat from C#"
ok "and at Alibaba" generates alibaba "a <special-token> from C#" -image https://example.com/reference.png
ok "a program that is interrupted at a terminal says what is known of its job" \
    interrupted --terminal 1 "${example[@]}" "${options[@]}" tencent "[never] a cat" "$work/none"
ok "a library that is not there is told in one line" without_library
exit "$failed"
