"""A certificate authority of the sandbox's own and one server certificate, made with the openssl command."""

from __future__ import annotations

import ipaddress
import os
import shutil
import ssl
import subprocess
from pathlib import Path
from typing import NamedTuple, Sequence

REGIONS = ("ap-guangzhou", "ap-beijing", "ap-shanghai", "ap-nanjing", "ap-singapore", "na-ashburn")
# The clouds' own names are for programs that reach the sandbox through its proxy.
NAMES = (
    ("localhost", "127.0.0.1", "::1", "sandbox.test", "*.sandbox.test")
    + ("*.aliyuncs.com", "*.tencentcloudapi.com", "*.intl.tencentcloudapi.com")
    + tuple("*.%s.aliyuncs.com" % region for region in ("cn-shanghai", "cn-beijing", "cn-hangzhou"))
    + tuple("*.%s.tencentcloudapi.com" % region for region in REGIONS)
    + tuple("*.cos.%s.%s" % (region, domain) for region in REGIONS for domain in ("sandbox.test", "myqcloud.com"))
)
_CA = """[req]
distinguished_name = dn
x509_extensions = ca
prompt = no
[dn]
CN = aigc sandbox test authority
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
"""
_LEAF = """[req]
distinguished_name = dn
prompt = no
[dn]
CN = localhost
[leaf]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = %s
"""


class Certificates(NamedTuple):
    """Files for clients (ca) and for the server (certificate, key)."""

    ca: Path
    certificate: Path
    key: Path


def _openssl(arguments: Sequence[str]) -> None:
    if shutil.which("openssl") is None:
        raise RuntimeError("the sandbox needs the openssl command for its test certificates (apt install openssl)")
    done = subprocess.run(["openssl", *arguments], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError("openssl %s failed: %s" % (arguments[0], done.stderr.decode("utf-8", "replace").strip()))


def _alternative(name: str) -> str:
    try:
        return "IP:%s" % ipaddress.ip_address(name)
    except ValueError:
        return "DNS:" + name


def make(folder: Path, extra_names: Sequence[str] = ()) -> Certificates:
    """Make the files in ``folder``, or take those made there before for the same names."""
    names = ",".join(_alternative(name) for name in (*NAMES, *extra_names))
    files = Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    leaf = folder / "server.cnf"
    if all(path.exists() for path in files) and leaf.exists() and leaf.read_text() == _LEAF % names:
        return files
    (folder / "ca.cnf").write_text(_CA)
    ca_key, request = folder / "ca.key", folder / "server.csr"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    if not (ca_key.exists() and files.ca.exists()):
        _openssl(
            ["req", "-x509", *curve, "-keyout", str(ca_key), "-out", str(files.ca), "-days", "3650",
             "-config", str(folder / "ca.cnf")]
        )
    leaf.write_text(_LEAF % names)
    _openssl(["req", "-new", *curve, "-keyout", str(files.key), "-out", str(request), "-config", str(leaf)])
    _openssl(
        ["x509", "-req", "-in", str(request), "-CA", str(files.ca), "-CAkey", str(ca_key), "-CAcreateserial",
         "-days", "397", "-extfile", str(leaf), "-extensions", "leaf", "-out", str(files.certificate)]
    )
    for path in (ca_key, files.key):
        os.chmod(path, 0o600)
    return files


def server_context(files: Certificates) -> ssl.SSLContext:
    """TLS 1.2 and newer, HTTP/1.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(files.certificate, files.key)
    context.set_alpn_protocols(["http/1.1"])
    return context
