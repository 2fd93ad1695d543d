"""Followed jobs of about 3 s at the sandbox, in waves of 16: usage: polls_sandbox.py WAVES. Two waves more come first, of
which the client learns.

Prints how late an end is known, on average, and how many status calls a job took. The sandbox knows when a job began and
how many calls it answered."""

import json
import math
import random
import sys
import time

import aigc
from aigc.sandbox.testing import SandboxProcess

WIDTH = 16
numbers = random.Random(5)


def calls(box):
    return box.stats()["operations"]["tencent"]["DescribeAigcImageTask"]["requests"]


def wave(box, client, name):
    """Lags of one wave of jobs."""
    took, jobs, known = {}, [], {}
    for number in range(WIDTH):
        seconds = 3 * math.exp(0.25 * numbers.gauss(0, 1))
        box.config(duration=seconds)
        job = client.submit("tencent", "aigc_image", prompt="%s %d" % (name, number), model="Hunyuan")
        while job.remote_id is None:
            time.sleep(0.002)
        took[job.remote_id] = seconds
        jobs.append(job)
    while len(known) < WIDTH:
        for event in client.events(timeout=5):
            if event.job is not None and event.job.done:
                known.setdefault(event.job.remote_id, time.time())
            if len(known) == WIDTH:
                break
    began = {job["id"]: job["time"] for job in box.stats()["jobs"]}
    return [known[name] - began[name] - took[name] for name in took]


with SandboxProcess("--rate", "0") as box:
    keys = box.info["tencent"]
    client = aigc.Client({
        "tencent.endpoint": box.info["http"], "tencent.secret_id": keys["secret_id"],
        "tencent.secret_key": keys["secret_key"], "rate.tencent.create_per_s": 0, "rate.tencent.describe_per_s": 0,
        "poll.initial_ms": 250, "poll.max_ms": 1250})
    for number in range(2):
        wave(box, client, "learned %d" % number)
    before, lags = calls(box), []
    for number in range(int(sys.argv[1])):
        lags += wave(box, client, "measured %d" % number)
    print(json.dumps({"jobs": len(lags), "lag": sum(lags) / len(lags), "calls": (calls(box) - before) / len(lags)}))
    client.close(0)
