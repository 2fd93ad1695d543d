# fault: reset_after CreateAigcImageTask
import contextlib
import io

import block

import aigc


def said(client, prompt):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        block.render(client, prompt)
    return out.getvalue()


with aigc.Client() as client:
    assert said(client, "its answer is lost").startswith("ask a person; do not repeat:")
    assert said(client, "[fail]").startswith("fix it first")
    assert said(client, "a cat") == ""
with aigc.Client({"job.deadline_ms": 1500}) as client:
    stopped = said(client, "[never]")
    assert stopped.startswith("not lost: ") and stopped != "not lost: None\n", stopped
with aigc.Client({"tencent.secret_id": "nobody", "tencent.secret_key": "none"}) as client:
    refused = said(client, "a cat")
    assert refused.startswith("account: AIGC_E_AUTH AuthFailure"), refused
print("as the text says")
