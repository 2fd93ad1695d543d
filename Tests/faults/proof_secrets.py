"""No secret, signature or signed query in anything that the library says or leaves behind, whatever the clouds do."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, Set
from urllib.parse import quote, unquote

from proof import LONG, ended, main, until
from rig import Rig
from store import Store, noisy_png
from tap import Report

import aigc

HERE = Path(__file__).resolve().parent
JOBS = 10_000 if LONG else 300
SECRETS = {
    "secret of alibaba": "MarkSecretAlibaba0123456789abcd",
    "secret of tencent": "MarkSecretTencent0123456789abcd",
    "token of alibaba": "MarkTokenAlibaba/+==0123456789",
    "token of tencent": "MarkTokenTencent/+==0123456789",
    "password of the proxy": "MarkPasswordOfTheProxy0123456789",
    "signature in a URL": "MarkSignature0123456789abcdef0123456789",
}
_SIGNATURE = re.compile(r"Signature=([0-9a-f]{40,})|q-signature=([0-9a-f]{40})|x-amz-signature=([0-9a-f]{40,})", re.I)


def _forms(secret: str) -> Set[str]:
    """How a secret may be written."""
    raw = secret.encode()
    return {
        secret,
        quote(secret, safe=""),
        base64.b64encode(raw).decode().rstrip("="),
        raw.hex(),
        json.dumps(secret)[1:-1],
    }


def _signatures(rig: Rig) -> Set[str]:
    """Those that the cloud has seen."""
    text = json.dumps([rig.box.requests(), rig.box.asset_requests()])
    return {"".join(found) for found in _SIGNATURE.findall(text)}


def _search(report: Report, where: str, text: str, wanted: Dict[str, Set[str]]) -> None:
    for what, forms in wanted.items():
        found = sorted(form for form in forms if form in text)
        at = text.find(found[0]) if found else 0
        around = text[max(0, at - 150) : at + 60].replace("\n", " ")
        report.ok(
            not found,
            "%s: 0 times the %s" % (where, what),
            "%d times, as in: ...%s" % (text.count(found[0]) if found else 0, around),
        )


def fuzzed(rig: Rig, report: Report) -> None:
    """Hundreds of jobs with errors of all kinds."""
    box = rig.box
    box.config(signed_urls=True, proxy_user="painter", proxy_password=SECRETS["password of the proxy"])
    keys = rig.keys(
        box.info["http"], retry_max_attempts=3, job_deadline_ms=8000, download_deadline_ms=8000, log_level="debug",
        log_capacity=100_000,
    )
    for provider, names in {
        "alibaba": ("access_key_id", "access_key_secret", "security_token"),
        "tencent": ("secret_id", "secret_key", "token"),
    }.items():
        secret, token = SECRETS["secret of " + provider], SECRETS["token of " + provider]
        box.add_identity(provider=provider, id="marked-" + provider, secret=secret, token=token)
        keys.update(dict(zip(["%s.%s" % (provider, name) for name in names], ("marked-" + provider, secret, token))))
    at_proxy = box.info["proxy"].replace("http://", "http://painter:%s@" % SECRETS["password of the proxy"])
    folder = rig.folder / "fuzz"
    folder.mkdir()
    setup = {
        "keys": keys,
        "proxy_keys": {**keys, "http.proxy": at_proxy},
        "control": box.info["control"],
        "folder": str(folder),
        "markers": list(SECRETS.values()),
        "jobs": JOBS,
        "seed": 11,
    }
    with open(rig.folder / "said", "wb") as said:
        process = subprocess.Popen(
            [sys.executable, str(HERE / "fuzz.py"), json.dumps(setup)],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        code = process.wait()
    text = (rig.folder / "said").read_text(encoding="utf-8", errors="surrogateescape")
    report.ok(code == 0 and text.endswith("the end\n"), "%d jobs ran to their end" % JOBS, text[-300:])
    told = text.count("'Call failed'")
    report.ok(told > JOBS // 2, "the log tells of calls that failed, so that there is something to find", told)
    kinds = set(re.findall(r"<Status\.(\w+)", text))
    # Seven to ten: which of the rarer ones come depends on how the calls of 300 jobs interleave.
    report.ok(len(kinds) >= 6, "they met errors of many kinds", sorted(kinds))
    report.note("%d characters said, statuses: %s" % (len(text), " ".join(sorted(kinds))))
    wanted = {what: _forms(secret) for what, secret in SECRETS.items()}
    signatures = _signatures(rig)
    report.ok(len(signatures) >= 50, "the cloud has seen many signatures", len(signatures))
    wanted["%d signatures that were sent" % len(signatures)] = signatures
    _search(report, "what was said", text, wanted)
    left = [file for file in sorted(folder.iterdir()) if not file.name.endswith(".png")]
    sidecars = "\n".join(file.read_bytes().decode("latin-1") for file in left if file.name.endswith(".info"))
    _search(
        report,
        "%d sidecars and names of files" % len(left),
        sidecars + " ".join(file.name for file in folder.iterdir()),
        wanted,
    )
    readable: List[str] = [file.name for file in left if file.stat().st_mode & 0o077]
    report.ok(not readable, "what is left behind is for its owner only", readable)


def sidecar(rig: Rig, report: Report) -> None:
    """A large download from a signed URL is cancelled half-way: what lies there for a resume knows no signature."""
    folder = rig.folder / "sidecar"
    folder.mkdir()
    mark = SECRETS["signature in a URL"]
    with Store() as store:
        store.objects["/large.png"] = noisy_png(1500, 1000, seed=5)
        door = rig.door_to(store.url)
        with aigc.Client(rig.keys(door.url)) as client:
            door.arm("hold", variant=2500)
            url = door.url + "/large.png?q-sign-algorithm=sha1&q-signature=" + mark
            download = client.fetch("tencent", "aigc_image_asset", url=url, path=folder / "large.png")
            until(lambda: download.bytes.received > 2_000_000)
            download.cancel()
            error = ended(download)
        door.close()
    files = sorted(file.name for file in folder.iterdir())
    report.ok(
        len(files) == 2 and files[1].endswith(".part.info"), "a cancelled download leaves a .part and its note", files
    )
    texts = [file.read_bytes().decode("latin-1") for file in folder.iterdir()] + files + [repr(error), repr(download)]
    report.ok(not any(mark in text for text in texts), "no signature in them")
    modes = [oct(file.stat().st_mode & 0o777) for file in folder.iterdir()]
    report.ok(set(modes) == {"0o600"}, "they are for their owner only", modes)


# How servers, gateways and proxies speak of a token that they do not like. "{}" is the token.
WORDINGS = (
    "{}", "token={}", "the security token {} has expired", "token '{}' is wrong", '"token":"{}"', "Token[{}]", "({})", "<{}>",
    "you sent {}, which nobody knows", "x-acs-security-token:{};x-acs-date", "SecurityToken is {}", "session {}",
    "sts={}&x=1", "?security_token={}#end", "got \u201c{}\u201d", "https://host/?t={}", "https://user:{}@host/",
    "Authorization: Bearer {}", '{{"a":["{}"]}}', "a={};b={}", "{}{}", "\u2026{}\u2026", "MalformedToken:{}", "token\t{}\tend",
    "\u4ee4\u724c{}\u65e0\u6548", "<SecurityToken>{}</SecurityToken>", "cookie: s={};", "curl -H 'X-TC-Token: {}'",
    "string to sign: GET\n{}\nx", "key/{}/end", "a.{}.b", "_{}_", "{},", "params={{'token': '{}'}}", "#{}#", "|{}|",
    "input `{}`", "value {} at 7", "not authorised: {}", "bad signature of {}",
)


def _spellings(secret: str) -> List[str]:
    raw = secret.encode()
    return [
        secret,
        quote(secret, safe=""),
        quote(quote(secret, safe=""), safe=""),
        json.dumps(secret)[1:-1].replace("/", "\\/"),
        "".join("\\u%04x" % ord(c) for c in secret),
        base64.b64encode(b"user:" + raw).decode(),
        "\n".join(secret[at : at + 7] for at in range(0, len(secret), 7)),
        "\\n  ".join(secret[at : at + 9] for at in range(0, len(secret), 9)),
        raw.hex(),
        secret[:40],
    ]


def _runs(secret: str) -> Set[str]:
    """All twelve letters and digits in a row of it, in all its forms."""
    raw = secret.encode()
    forms = [secret, raw.hex()] + [base64.b64encode(b"x" * n + raw).decode()[n + 1 :] for n in range(3)]
    plain = [re.sub("[^a-z0-9]", "", form.lower())[:-2] for form in forms]
    return {form[at : at + 12] for form in plain for at in range(len(form) - 11)}


def echoed(rig: Rig, report: Report) -> None:
    """Fault 13: a token and a password that a server echoes, in forty wordings and ten spellings, are in no text."""
    report.ok(len(set(WORDINGS)) == 40, "there are forty wordings", len(set(WORDINGS)))
    token = "CAISsQJ1q6Ft5B2yfSjIr5bHCvfx1/Z3+qzPOEHWr0kZVt9AgbTDsTz2IHFPenlvBO8fs/43nWhX5/8alqZ9T5xEQkrJRcVrqLQFq1j7PNGe=="
    password = "P4ss/Word@OfTheProxy?1"
    wanted = _runs(token) | _runs(password)
    provider = "tencent"
    rig.box.add_identity(provider=provider, id="echo-id", secret="echo-secret-of-thirty-two-bytes0", token=token)
    rig.box.config(proxy_user="painter", proxy_password=password)
    proxy = rig.box.info["proxy"].replace("http://", "http://painter:%s@" % quote(password, safe=""))
    keys = rig.keys(rig.box.info["http"], log_level="debug", log_capacity=100_000)
    for name in ("tencent.secret_id", "tencent.secret_key"):
        del keys[name]
    said: List[str] = []
    count = 0
    with aigc.Client({**keys, "http.proxy": proxy}) as client:
        client.set_credentials(provider, "echo-id", "echo-secret-of-thirty-two-bytes0", token)
        for secret in (token, password):
            for spelling in _spellings(secret):
                for wording in WORDINGS:
                    text = wording.format(*[spelling] * 2)
                    rig.box.fault("error", "CreateAigcImageTask", code="InvalidParameter", message=text)
                    job = client.submit(provider, "aigc_image", prompt="echo")
                    error = ended(job)
                    said.append(" ".join(map(repr, (error, vars(error), job.provider_response, job.provider_state))))
                    count += 1
        said += [" ".join(map(repr, (event, event.message, event.fields))) for event in client.events(timeout=0)]
        said.append(json.dumps(client.report()))
    found = [(text, run) for text in said for run in wanted if run in _letters(text)]
    report.ok(not found, "%d echoes: none of them is shown" % count, found[:1])
    report.ok(sum("***" in text for text in said) >= count, "each has left a mark", len(said))


def _letters(text: str) -> str:
    """The letters and digits of a text, decoded as its readers would."""
    text = re.sub(r"\\+u([0-9a-fA-F]{4})", lambda found: chr(int(found.group(1), 16)), text)
    text = unquote(unquote(re.sub(r"\\+[nt]", "", text)))
    return re.sub("[^a-z0-9]", "", text.lower())


if __name__ == "__main__":
    sys.exit(main("secrets", [fuzzed, sidecar, echoed]))
