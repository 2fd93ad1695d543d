import json
import os
import urllib.request

import block

block.job.wait(30)
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
with opener.open(os.environ["AIGC_TEST_CONTROL"] + "/requests?operation=") as answer:
    requests = json.load(answer)
calls = [dict((name.lower(), value) for name, value in one["headers"]) for one in requests]
mine = [one for one in calls if "4bf92f3577b34da6a3ce929d0e0e4736" in one.get("traceparent", "")]
assert len(mine) == len(calls) >= 2, requests
print("as the text says")
