"""Certificates that a careful client refuses, beside the good one of the sandbox. Made with the openssl command."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Dict, Tuple

Pair = Tuple[Path, Path]
_REQUEST = "[req]\ndistinguished_name = dn\nprompt = no\n[dn]\nCN = localhost\n[leaf]\nsubjectAltName = %s\n"
_DATABASE = """[ca]
default_ca = here
[here]
dir = %s
database = $dir/index.txt
new_certs_dir = $dir
serial = $dir/serial
default_md = sha256
policy = any
[any]
commonName = supplied
"""


def _openssl(*arguments: str) -> None:
    done = subprocess.run(["openssl", *arguments], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError("openssl %s: %s" % (arguments[0], done.stderr.decode("utf-8", "replace").strip()))


def make(state: Path, folder: Path) -> Dict[str, Pair]:
    """By the names of the faults, and "good"; state: where the sandbox keeps its authority."""
    right, wrong = folder / "right.cnf", folder / "wrong.cnf"
    right.write_text(_REQUEST % "IP:127.0.0.1,DNS:localhost")
    wrong.write_text(_REQUEST % "DNS:somebody.else.test")
    key = folder / "leaf.key"
    _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(key))
    made: Dict[str, Pair] = {"good": (state / "server.pem", state / "server.key")}
    authority = ["-CA", str(state / "ca.pem"), "-CAkey", str(state / "ca.key"), "-CAcreateserial"]
    for name, config in (("tls_wrong_name", wrong), ("tls_expired", right)):
        request, certificate = folder / (name + ".csr"), folder / (name + ".pem")
        _openssl("req", "-new", "-key", str(key), "-config", str(config), "-out", str(request))
        if name == "tls_expired":
            _expired(folder, state, request, certificate, config)
        else:
            more = ["-days", "30", "-extfile", str(config), "-extensions", "leaf"]
            _openssl("x509", "-req", "-in", str(request), *authority, *more, "-out", str(certificate))
        made[name] = (certificate, key)
    own = folder / "own.pem"
    more = ["-config", str(right), "-extensions", "leaf", "-days", "30"]
    _openssl("req", "-x509", "-new", "-key", str(key), *more, "-out", str(own))
    made["tls_wrong_authority"] = (own, key)
    return made


def _expired(folder: Path, state: Path, request: Path, certificate: Path, config: Path) -> None:
    database = folder / "ca.cnf"
    database.write_text(_DATABASE % folder)
    (folder / "index.txt").write_text("")
    (folder / "serial").write_text("1000\n")
    _openssl(
        "ca",
        "-batch",
        "-notext",
        "-config",
        str(database),
        "-cert",
        str(state / "ca.pem"),
        "-keyfile",
        str(state / "ca.key"),
        "-startdate",
        "20200101000000Z",
        "-enddate",
        "20200201000000Z",
        "-extfile",
        str(config),
        "-extensions",
        "leaf",
        "-in",
        str(request),
        "-out",
        str(certificate),
    )
