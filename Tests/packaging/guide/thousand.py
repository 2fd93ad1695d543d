import json
import os
import tempfile
import urllib.request

import block

opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def created():
    with opener.open(os.environ["AIGC_TEST_CONTROL"] + "/stats") as answer:
        return json.load(answer)["jobs_created"].get("tencent", 0)


def main():
    os.dup2(1, 2)  # Progress goes to standard error.
    before = created()
    rows = [{"key": f"cat-{number}", "prompt": f"cat number {number}"} for number in range(3)]
    with tempfile.TemporaryDirectory() as folder:
        block.pictures(rows, folder)
        found = dict(block.paths(rows, folder))
        assert sorted(found) == ["cat-0", "cat-1", "cat-2"]
        assert all(os.path.isfile(path) for files in found.values() for path in files)
    assert created() == before + 3


main()
print("as the text says")
