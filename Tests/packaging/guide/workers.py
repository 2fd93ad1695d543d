import multiprocessing
import sys

import block

import aigc

if __name__ == "__main__":
    with aigc.Client() as client:
        jobs = [client.submit("tencent", "aigc_image", prompt=f"cat {n}") for n in range(3)]
        tokens = []
        for job in jobs:
            while job.token is None:
                pass
            tokens.append(job.token)
        # In the children of a fork, and in fresh processes.
        for method in ("fork", "spawn"):
            multiprocessing.set_start_method(method, force=True)
            assert block.count(tokens) == 3, method
        job = client.submit("tencent", "aigc_image", prompt="a cat that stays here").wait()
    print("as the text says")
    sys.stdout.flush()
