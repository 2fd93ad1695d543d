import threading
import time
from pathlib import Path

import block

import aigc

journal = Path("journal")
with aigc.Client() as client:
    waits = threading.Thread(target=block.render, args=(client, "[slow] a cat", str(journal)))
    waits.start()
    while not (journal.exists() and journal.read_text().endswith("\n")):
        assert waits.is_alive()
        time.sleep(0.01)
    assert waits.is_alive() and not list(Path("images").glob("*"))  # the token is on disk, and the wait continues
    token = journal.read_text().strip()
    waits.join(60)
    (image,) = Path("images").iterdir()
with aigc.Client() as another:
    assert another.attach(token).wait(30).download(0).wait().data == image.read_bytes()
print("as the text says")
