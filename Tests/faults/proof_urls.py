"""Image URLs: they end, they redirect, they lead to places where no image should be; and no secret ever goes there."""

from __future__ import annotations

import sys
import time
from typing import Any, Dict, List

from proof import DESCRIBE, ended, main, requests
from rig import Keys, Rig, fields
from store import Store, noisy_png
from tap import Report

import aigc
from aigc.enums import State, Status

# All that an asset host may be told.
HARMLESS = {"host", "user-agent", "accept", "accept-encoding", "range", "if-range", "connection"}


def _keys(rig: Rig, **more: Any) -> Keys:
    return rig.keys(rig.box.info["http"], timeout_connect_ms=3000, **more)


def _job(client: aigc.Client, prompt: str = "picture") -> aigc.Job:
    job = client.submit(**fields("tencent", prompt))
    job.wait(30)
    return job


def _right(rig: Rig, job: aigc.Job, download: aigc.Download) -> bool:
    return download.state is State.SUCCEEDED and download.data == rig.box.image("tencent", job.remote_id or "")


def expiry(rig: Rig, report: Report) -> None:
    """A URL that has ended is asked for again once."""
    rig.box.config(url_life=0.4)
    with aigc.Client(_keys(rig)) as client:
        job = _job(client)
        time.sleep(0.6)
        before = requests(rig, DESCRIBE["tencent"])
        rig.box.config(url_life=60.0)
        download = job.download(0)
        error = ended(download)
        asked = requests(rig, DESCRIBE["tencent"]) - before
        report.ok(_right(rig, job, download), "an ended URL: the image comes by a fresh one", error)
        report.ok(asked == 1, "an ended URL: the job is described once", asked)

        rig.box.config(fresh_urls=False)
        job = _job(client)
        rig.box.expire(job.remote_id)
        before = requests(rig, DESCRIBE["tencent"])
        error = ended(job.download(0))
        asked = requests(rig, DESCRIBE["tencent"]) - before
        report.ok(error is not None and error.status is Status.EXPIRED, "no fresh URL: EXPIRED", error)
        report.ok(asked == 1, "no fresh URL: the job is described once", asked)

        error = ended(client.fetch("tencent", "aigc_image_asset", url=job.assets[0].url))
        again = requests(rig, DESCRIBE["tencent"]) - before - asked
        report.ok(error is not None and error.status is Status.EXPIRED, "a URL without a job: EXPIRED", error)
        report.ok(again == 0, "a URL without a job: nothing is described", again)
        rig.box.config(fresh_urls=True)


def redirects(rig: Rig, report: Report) -> None:
    """Three are followed, four are not."""
    with aigc.Client(_keys(rig)) as client:
        job = _job(client)
        url = str(job.assets[0].url)
        for hops in (1, 3, 4):
            rig.box.fault("redirect", "asset", location=url, times=hops)
            before = requests(rig, "asset")
            download = job.download(0)
            error = ended(download)
            seen = requests(rig, "asset") - before
            rig.box.clear_faults()
            if hops <= 3:
                report.ok(_right(rig, job, download), "%d redirects: the image comes" % hops, error)
                report.ok(seen == hops + 1, "%d redirects: %d requests" % (hops, hops + 1), seen)
            else:
                good = error is not None and error.status is Status.BAD_RESPONSE
                report.ok(good, "%d redirects: BAD_RESPONSE" % hops, error)
                report.ok(seen == 4, "%d redirects: four requests and no more" % hops, seen)
        rig.box.fault("redirect", "asset", location=url.replace("127.0.0.1", "localhost"))
        download = job.download(0)
        report.ok(
            _right(rig, job, download) if ended(download) is None else False,
            "to another host: the image comes",
            download.error,
        )
        for location in ("ftp://127.0.0.1/x", "file:///etc/passwd", "javascript:x", ""):
            rig.box.fault("redirect", "asset", location=location)
            error = ended(job.download(0))
            rig.box.clear_faults()
            good = error is not None and error.status is Status.BAD_RESPONSE
            report.ok(good, "to %r: BAD_RESPONSE" % location, error)


def downgrade(rig: Rig, report: Report) -> None:
    """From https to http: not followed; from http to https it is."""
    with aigc.Client(_keys(rig)) as client:
        plain = _job(client)
        rig.box.config(asset_scheme="https")
        secure = _job(client)
        rig.box.config(asset_scheme="http")
        target = str(secure.assets[0].url)
        rig.box.fault(
            "redirect", "asset", location=target.replace(rig.box.info["asset_https"], rig.box.info["asset_http"])
        )
        before = requests(rig, "asset")
        error = ended(secure.download(0))
        seen = requests(rig, "asset") - before
        good = error is not None and error.status is Status.BAD_RESPONSE
        report.ok(good and seen == 1, "https to http: refused, and nobody is asked", "%s, %d requests" % (error, seen))
        rig.box.fault("redirect", "asset", location=str(secure.assets[0].url))
        download = plain.download(0)
        error = ended(download)
        report.ok(
            error is None and download.data == rig.box.image("tencent", secure.remote_id or ""),
            "http to https: followed",
            error,
        )


PRIVATE = (
    "http://127.0.0.1:%d/x",
    "https://127.0.0.1:%d/x",
    "http://localhost:%d/x",
    "http://[::1]:%d/x",
    "http://127.1:%d/x",
    "http://2130706433:%d/x",
    "http://0x7f000001:%d/x",
    "http://0177.0.0.1:%d/x",
    "http://[::ffff:127.0.0.1]:%d/x",
    "http://0.0.0.0:%d/x",
    "http://[::]:%d/x",
    "http://localhost.:%d/x",
    "http://127.0.0.1.:%d/x",
    "http://a.localhost:%d/x",
    "http://10.0.0.1:%d/x",
    "http://192.168.1.1:%d/x",
    "http://172.16.0.1:%d/x",
    "http://169.254.169.254:%d/latest/meta-data/",
    "http://100.100.100.200:%d/latest/meta-data/",
    "http://[fe80::1]:%d/x",
    "http://[fd00::1]:%d/x",
    "http://[64:ff9b::7f00:1]:%d/x",
    "http://[2002:7f00:1::]:%d/x",
)


def private_addresses(rig: Rig, report: Report) -> None:
    """Where private addresses are not allowed, none is connected to, however it is written."""
    door = rig.door("asset_http")
    port = int(door.url.rsplit(":", 1)[1])
    with aigc.Client(_keys(rig, download_allow_private_addresses=False, retry_max_attempts=1)) as client:
        for pattern in PRIVATE:
            url = pattern % port
            error = ended(client.fetch("tencent", "aigc_image_asset", url=url))
            good = error is not None and error.status in (Status.ADDRESS_REFUSED, Status.INVALID_ARGUMENT)
            report.ok(good, "private: %s" % pattern.replace(":%d", ""), error)
        job = _job(client)
        error = ended(job.download(0))
        report.ok(error is not None and error.status is Status.ADDRESS_REFUSED, "private: the URL of a job", error)
    report.ok(door.counts.connections == 0, "private: nobody was connected to", door.counts.connections)
    door.close()


def redirect_to_private(rig: Rig, report: Report) -> None:
    """A public host sends to a private address: refused. The public host stands behind the sandbox's proxy."""
    with aigc.Client(_keys(rig)) as client:
        job = _job(client)
    port = rig.box.info["asset_http"].rsplit(":", 1)[1]
    path = str(job.assets[0].url).split("/", 3)[3]
    public = "http://pictures.sandbox.test:%s/%s" % (port, path)
    keys = _keys(rig, download_allow_private_addresses=False, retry_max_attempts=1, http_proxy=rig.box.info["proxy"])
    with aigc.Client(keys) as client:
        download = client.fetch("tencent", "aigc_image_asset", url=public)
        error = ended(download)
        report.ok(error is None, "through the proxy: a public name is fetched", error)
        for host in ("127.0.0.1", "localhost", "[::1]", "169.254.169.254"):
            rig.box.fault("redirect", "asset", location="http://%s:%s/%s" % (host, port, path))
            before = len(rig.box.proxy_requests())
            error = ended(client.fetch("tencent", "aigc_image_asset", url=public))
            seen = len(rig.box.proxy_requests()) - before
            rig.box.clear_faults()
            good = error is not None and error.status is Status.ADDRESS_REFUSED and seen == 1
            report.ok(good, "public to %s: refused, and nobody is asked" % host, "%s, %d requests" % (error, seen))


def no_secrets(rig: Rig, report: Report) -> None:
    """Asset hosts are told what they need and nothing else, also on resumes, retries and redirects."""
    rig.box.add_identity(provider="tencent", id="temporary-id", secret="temporary-secret", token="temporary-token")
    keys = _keys(rig)
    keys.update(
        {
            "tencent.secret_id": "temporary-id",
            "tencent.secret_key": "temporary-secret",
            "tencent.token": "temporary-token",
        }
    )
    rig.box.config(signed_urls=True)
    with aigc.Client(keys) as client:
        for number in range(20):
            job = _job(client, "quiet %d [size:64x64]" % number)
            url = str(job.assets[0].url)
            kind = number % 5
            if kind == 1:
                rig.box.fault("cut", "asset", fraction=0.6)
            elif kind == 2:
                rig.box.fault("redirect", "asset", location=url.replace("127.0.0.1", "localhost"))
            elif kind == 3:
                rig.box.fault("http", "asset", status=503)
            elif kind == 4:
                rig.box.fault("http", "asset", status=401, headers={"WWW-Authenticate": 'Basic realm="x"'})
            error = ended(job.download(0))
            if kind != 4:
                report.ok(error is None, "quiet download %d" % number, error)
    rig.box.config(signed_urls=False)
    seen: List[Dict[str, Any]] = rig.box.asset_requests()
    names = {name.lower() for request in seen for name, _ in request["headers"]}
    report.ok(names <= HARMLESS, "asset hosts see harmless headers only, in %d requests" % len(seen), names - HARMLESS)
    text = repr([request["headers"] for request in seen])
    found = [word for word in ("temporary-id", "temporary-secret", "temporary-token", "TC3-HMAC") if word in text]
    report.ok(not found, "asset hosts see no id, secret, token or signature in a header", found)
    report.ok(any(name == "range" for name in names), "some of these requests were resumes", names)


def odd_urls(rig: Rig, report: Report) -> None:
    """Blanks and bytes beyond ASCII in URLs and in Location lines; a host that answers nobody without a User-Agent."""
    image = noisy_png(20, 20, seed=9)
    with Store() as store, aigc.Client(_keys(rig)) as client:
        store.needs_agent = True
        store.objects["/%E5%9B%BE%201.png"] = store.objects["/a/caf%E9.png?x=%20y"] = image
        store.moved = {
            "/absolute": store.url.encode() + "/\u56fe 1.png".encode(),
            "/path": "/\u56fe 1.png".encode(),
            "/a/relative": b"caf\xe9.png?x= y",
            "/a/b/up": b"../caf\xe9.png?x= y",
            "/encoded": b"/%E5%9B%BE%201.png",
        }
        for name in ["/\u56fe 1.png", "/\u56fe%201.png", " /%E5%9B%BE%201.png\n", *store.moved]:
            blanks = name[:1].strip() == ""
            url = " " + store.url + name.strip() + "\n" if blanks else store.url + name
            download = client.fetch("tencent", "aigc_image_asset", url=url)
            error = ended(download)
            report.ok(error is None and download.data == image, "%r: the image comes" % name, error)


if __name__ == "__main__":
    sys.exit(main("urls", [expiry, redirects, downgrade, private_addresses, redirect_to_private, no_secrets, odd_urls]))
