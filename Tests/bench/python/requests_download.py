"""The same with requests, on one session: usage: requests_download.py URL CA_FILE memory|file FOLDER AT_ONCE COUNT.

memory: .content; file: streamed in pieces of 128 KiB. More than one at once: threads."""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import requests
from requests.adapters import HTTPAdapter

url, ca, kind, folder, width, count = *sys.argv[1:5], int(sys.argv[5]), int(sys.argv[6])
session = requests.Session()
session.trust_env = False
session.verify = ca
session.mount("https://", HTTPAdapter(pool_connections=width, pool_maxsize=width))


def fetch(number):
    if kind == "memory":
        answer = session.get(url % (number % 16))
        answer.raise_for_status()
        return len(answer.content)
    with session.get(url % (number % 16), stream=True) as answer:
        answer.raise_for_status()
        with open("%s/%d.requests" % (folder, number % width), "wb") as file:
            for piece in answer.iter_content(128 << 10):
                file.write(piece)
    return 0


start, cpu = time.perf_counter(), time.process_time()
if width == 1:
    for number in range(count):
        fetch(number)
else:
    with ThreadPoolExecutor(width) as pool:
        list(pool.map(fetch, range(count)))
print(json.dumps({"calls": count, "seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu}))
