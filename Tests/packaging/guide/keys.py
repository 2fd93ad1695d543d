import json
import os
import tempfile
import urllib.request

import block

import aigc

opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def created():
    with opener.open(os.environ["AIGC_TEST_CONTROL"] + "/stats") as answer:
        return json.load(answer)["jobs_created"].get("tencent", 0)


before = created()
with tempfile.TemporaryDirectory() as folder:
    pictures = []
    for _ in range(3):
        with aigc.Client({"journal.path": os.path.join(folder, "journal")}) as client:
            pictures.append(block.picture(client, "cat-1", "a cat with a key"))
            assert block.after_a_crash(client) == 0
    assert len(set(pictures)) == 1
assert created() == before + 1
print("as the text says")
