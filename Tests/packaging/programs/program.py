"""See program.c."""

import json
import os
import sys
import time
from typing import List

import aigc


def submit(client: aigc.Client, provider: str, prompt: str) -> None:
    """One job that outlives this process."""
    if provider == "alibaba":
        urls = ["https://example.com/a.png"]
        job = client.alibaba.pre_model_inference(prompt, image_urls=urls)
    else:
        job = client.tencent.aigc_image(prompt)
    while job.token is None and not job.done:
        time.sleep(0.02)
    print(job.token, job.remote_id, flush=True)
    os._exit(0 if job.token else 1)


def fetch(client: aigc.Client, folder: str, tokens: List[str]) -> None:
    """The first image of each."""
    jobs = [client.attach(token) for token in tokens]
    for number, job in enumerate(jobs):
        job.wait(60).download(0, "%s/%d.*" % (folder, number)).wait(60)


def strings(client: aigc.Client, token: str) -> None:
    """What the provider said each time."""
    job = client.attach(token, follow=False)
    for _ in range(3):
        job.refresh(60)
        print(job.provider_state, job.request_id, json.dumps(job.provider_response), sep="\t")


def events(client: aigc.Client, count: int) -> None:
    """What one look costs."""
    best = 1e18
    for _ in range(5):
        start = time.perf_counter_ns()
        for _ in range(count):
            for _ in client.events(0):
                pass
        best = min(best, (time.perf_counter_ns() - start) / count)
    print("%.1f" % best)


def main() -> None:
    """One of them."""
    lines = os.environ["AIGC_TEST_CONFIG"].split("\n")
    client = aigc.Client({key: value for key, _, value in (line.partition("=") for line in lines if line)})
    command, *words = sys.argv[1:]
    if command == "submit":
        submit(client, *words)
    elif command == "fetch":
        fetch(client, words[0], words[1:])
    elif command == "strings":
        strings(client, words[0])
    else:
        events(client, int(words[0]))


main()
