#!/usr/bin/env bash
# The Node.js binding: an addon that cc builds, tested against the sandbox, its types, and its example.
set -euo pipefail
# shellcheck source=Tests/packaging/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need node nodejs "the Node.js binding" || exit 0
# shellcheck source=Tests/packaging/language.sh
. "$root/Tests/packaging/language.sh"
example=(node "$folder/examples/generate.js")
export AIGC_ADDON=$work/aigc.node

built() { bash "$folder/build.sh" --to "$AIGC_ADDON"; }
without_library() {
    local said
    said=$(AIGC_LIBRARY=/nowhere.so node -e "require('$folder')" 2>&1) && return 1
    grep -q 'install libaigc, or set AIGC_LIBRARY' <<<"$said"
}
typed() {
    local compiler
    cat >"$work/use.ts" <<TS
import { Client, Job, AigcError, constants, journal } from '$folder/index';

export async function use(signal: AbortSignal): Promise<Buffer[]> {
  const client = new Client({ 'journal.path': 'j' });
  const job: Job = client.tencent.aigcImage({ prompt: 'a cat', count: 2, key: 'k/1', hold: true, deadlineMs: 60000 });
  job.release();
  for await (const event of client.events({ signal })) if (event.type === constants.EVENT_JOB_DONE) break;
  try {
    await job.wait({ signal, timeoutMs: 5 });
  } catch (error) {
    if (error instanceof AigcError && error.retryable) console.log(error.statusName, error.token);
  }
  for await (const row of journal.rows('j', { states: ['unknown'] })) console.log(row.key);
  return Promise.all(job.assets.map(async ({ index }) => (await job.download(index).wait()).takeBytes()));
}
TS
    # The types of Node.js itself are a package of their own: what index.d.ts needs of them is said here.
    cat >"$work/node.d.ts" <<TS
interface Buffer extends Uint8Array {}
TS
    compiler=(tsc --noEmit --strict --target es2022 --lib "es2022,dom")
    "${compiler[@]}" "$work/node.d.ts" "$work/use.ts" || return 1
    sed 's/prompt: /promt: /' "$work/use.ts" >"$work/wrong.ts"
    if "${compiler[@]}" "$work/node.d.ts" "$work/wrong.ts" >/dev/null; then
        echo "a wrong field was taken"
        return 1
    fi
}

if ! bash "$folder/build.sh" --to "$work/try.node" >"$work/.build" 2>&1 && grep -q 'no node_api.h' "$work/.build"; then
    skip "the Node.js binding" "there is no node_api.h here (Debian: libnode-dev)"
    exit 0
fi
ok "the addon builds with cc alone, without a warning" built
for file in index.js test.js examples/generate.js; do ok "$file parses" node --check "$folder/$file"; done
ok "the example has less than 60 lines" test "$(wc -l <"$folder/examples/generate.js")" -lt 60
ok "tests" timeout 400 node --test "$folder/test.js"
ok "the example makes an image at Tencent" generates tencent "a cat from Node"
ok "and at Alibaba" generates alibaba "a <special-token> from Node" -image https://example.com/reference.png
ok "a program that is interrupted says what is known of its job" interrupted 1 "${example[@]}" "${options[@]}" \
    tencent "[never] a cat" "$work/none"
ok "a library that is not there is told in one line" without_library
if need tsc node-typescript "the types of TypeScript"; then ok "a typed program is taken, and a wrong field refused" typed; fi
exit "$failed"
