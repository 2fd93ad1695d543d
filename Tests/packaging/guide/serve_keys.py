import os
import threading
import time

import block

import aigc

asked = []


def vault(provider):
    asked.append(provider)
    return os.environ["TENCENTCLOUD_SECRET_ID"], os.environ["TENCENTCLOUD_SECRET_KEY"], None, 3600


keys = {f"credentials.use_{kind}": False for kind in ("environment", "files", "metadata", "processes")}
with aigc.Client(keys) as client:
    server = threading.Thread(target=block.serve_keys, args=(client, vault), daemon=True)
    server.start()
    # The first ones end in two seconds: half of that later new ones are asked for, though no call is made.
    client.set_credentials("tencent", "old", "old", None, expires_at=time.time() + 2)
    for _ in range(100):
        if asked:
            break
        time.sleep(0.1)
    assert asked == ["tencent"], asked
    client.submit("tencent", "aigc_image", prompt="a cat of the vault's").wait(30)
server.join(10)
assert not server.is_alive()
print("as the text says")
