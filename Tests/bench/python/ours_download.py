"""Images through the bindings: usage: ours_download.py URL CA_FILE memory|file FOLDER AT_ONCE COUNT."""

import json
import sys
import time

import aigc

url, ca, kind, folder, width, count = *sys.argv[1:5], int(sys.argv[5]), int(sys.argv[6])
client = aigc.Client({
    "tencent.secret_id": "AKIDbench", "tencent.secret_key": "key", "tls.ca_file": ca, "http.proxy": "none",
    "download.allow_private_addresses": True, "download.overwrite": True, "download.max_concurrent": width})


def begin(number):
    path = "%s/%d.ours" % (folder, number % width) if kind == "file" else None
    return client.fetch("tencent", "aigc_image_asset", path=path, url=url % (number % 16))


start, cpu, size = time.perf_counter(), time.process_time(), 0
waiting = [begin(number) for number in range(min(width, count))]
for number in range(width, count + width):
    download = waiting.pop(0).wait()
    if kind == "memory":
        size = len(download.take_view())
    if number < count:
        waiting.append(begin(number))
print(json.dumps({"calls": count, "seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu}), flush=True)
client.close(0)
