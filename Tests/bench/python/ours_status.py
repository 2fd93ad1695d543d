"""Followed jobs from Python: usage: ours_status.py HOST:PORT CA_FILE PROVIDER SECONDS. The server counts the calls."""

import json
import sys
import time

import aigc

host, ca, provider, seconds = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])
keys = {"tencent": ("secret_id", "secret_key"), "alibaba": ("access_key_id", "access_key_secret")}[provider]
client = aigc.Client({
    provider + ".endpoint": "https://" + host, provider + "." + keys[0]: "AKIDbench", provider + "." + keys[1]: "key",
    "tls.ca_file": ca, "http.proxy": "none", "http.max_in_flight": 16, "rate.tencent.describe_per_s": 0,
    "poll.initial_ms": 10, "poll.max_ms": 10})
operation = "aigc_image" if provider == "tencent" else "pre_model_inference"
start, cpu = time.perf_counter(), time.process_time()
jobs = [client.attach_id(provider, operation, "job-%d" % number) for number in range(500)]
time.sleep(seconds)
print(json.dumps({"calls": 0, "seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu}), flush=True)
client.close(0)
