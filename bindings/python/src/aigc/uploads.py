"""A picture of this machine as a reference where an operation takes URLs: it goes to a bucket of your own, and the provider
gets a URL that ends by itself.

    from aigc.uploads import Bucket

    bucket = Bucket("cos", "cats-1250000000", "ap-guangzhou")        # or Bucket("oss", "cats", "cn-shanghai")
    url = bucket.upload("cat.jpg")
    client.tencent.aigc_image("a cat in the snow", image_urls=[url])

The object is named after its bytes, so the same picture is one object however often it is sent; nobody deletes it. A journal
compares URLs without their signatures: upload() again makes no other request of a key, and no other row of a batch. Keys come
from the arguments or from the first variables that the library reads (TENCENTCLOUD_SECRET_ID …, ALIBABA_CLOUD_ACCESS_KEY_ID
…). Whoever has the URL can read the picture until the URL ends: treat it as a secret. No message here holds one.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import ssl
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any, Dict, List, Mapping, NamedTuple, NoReturn, Optional, Sequence, Tuple, Union
from urllib.parse import quote, urlsplit

from . import profiles
from .enums import Status
from .errors import (
    AigcError,
    AuthError,
    BadResponseError,
    FileError,
    InvalidArgumentError,
    NetworkError,
    NoCredentialsError,
    PermissionDeniedError,
    TLSError,
)

PathLike = Union[str, "os.PathLike[str]"]

LARGEST = 20 * 1024 * 1024
LONGEST = 7 * 86_400
_ANSWER = 1 << 16
_TIMEOUT = 60.0
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]\Z")
_REGION = re.compile(r"[a-z]{2,}(-[a-z0-9]+)+\Z")
_PREFIX = re.compile(r"([A-Za-z0-9._-]+/)*\Z")
_MAGIC: Tuple[Tuple[bytes, str, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "png", "image/png"),
    (b"\xff\xd8\xff", "jpg", "image/jpeg"),
    (b"GIF8", "gif", "image/gif"),
    (b"BM", "bmp", "image/bmp"),
)
_VARIABLES = {
    "cos": (("TENCENTCLOUD_SECRET_ID",), ("TENCENTCLOUD_SECRET_KEY",), ("TENCENTCLOUD_SESSION_TOKEN", "TENCENTCLOUD_TOKEN")),
    "oss": (
        ("ALIBABA_CLOUD_ACCESS_KEY_ID",),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET",),
        ("ALIBABA_CLOUD_SECURITY_TOKEN",),
    ),
}
_HOSTS = {"cos": "{name}.cos.{region}.myqcloud.com", "oss": "{name}.oss-{region}.aliyuncs.com"}
Pairs = Sequence[Tuple[str, str]]


class _Keys(NamedTuple):
    id: str
    secret: str
    token: Optional[str]

    def __repr__(self) -> str:
        return "<keys>"


class Bucket:
    """A bucket of your own. Nothing is sent before upload().

    kind:     "cos" (Tencent Cloud) or "oss" (Alibaba Cloud).
    id, secret, token: credentials; None takes the environment's.
    prefix:   where in the bucket, such as "references/".
    endpoint: another host, by paths (https://host/bucket/object), for a stand-in; None: AIGC_UPLOAD_ENDPOINT, or the cloud.
    ca_file:  certificates to trust; None: AIGC_CA_FILE, or the system's.
    """

    def __init__(
        self,
        kind: str,
        name: str,
        region: str,
        *,
        id: Optional[str] = None,
        secret: Optional[str] = None,
        token: Optional[str] = None,
        prefix: str = "aigc/",
        endpoint: Optional[str] = None,
        ca_file: Optional[str] = None,
    ) -> None:
        if kind not in _HOSTS:
            raise _usage("kind", f"a bucket is of kind cos or oss, and not {kind!r}")
        if not _NAME.match(name):
            raise _usage("name", f"{name!r} is no name of a bucket, such as cats-1250000000")
        if not _REGION.match(region):
            raise _usage("region", f"{region!r} is no region, such as ap-guangzhou or cn-shanghai")
        if not _PREFIX.match(prefix) or "." in prefix.split("/") or ".." in prefix.split("/"):
            raise _usage("prefix", f"{prefix!r} is no prefix, such as references/")
        self.kind, self.name, self.region, self.prefix = kind, name, region, prefix
        environment: Mapping[str, str] = {} if profiles.is_privileged() else os.environ
        self._keys = _keys(kind, id, secret, token, environment)
        self._endpoint = (endpoint or environment.get("AIGC_UPLOAD_ENDPOINT") or "").rstrip("/")
        self._ca_file = ca_file or environment.get("AIGC_CA_FILE") or None
        if self._endpoint and urlsplit(self._endpoint).scheme not in ("http", "https"):
            raise _usage("endpoint", f"the endpoint {self._endpoint!r} is no URL")

    @classmethod
    def parse(cls, text: str, **more: Any) -> "Bucket":
        """A bucket as the command line names one: "cos:cats-1250000000:ap-guangzhou", "oss:cats:cn-shanghai"."""
        parts = text.split(":")
        if len(parts) != 3:
            raise _usage("bucket", f"{text!r} is no bucket: it is KIND:NAME:REGION, such as cos:cats-1250000000:ap-guangzhou")
        return cls(*parts, **more)

    def __repr__(self) -> str:
        return f"<aigc.uploads.Bucket {self.kind} {self.name} {self.region}>"

    def upload(self, path: PathLike, expires: float = 6 * 3600) -> str:
        """Puts a picture into the bucket and returns a URL for it. Blocks.

        expires: seconds that the URL holds, at most seven days; one that temporary credentials have signed ends with them.
        """
        if not 60 <= expires <= LONGEST:
            raise _usage("expires", "a URL holds for 60 seconds to seven days")
        data = _read(path)
        suffix, kind = _format(data, path)
        key = f"{self.prefix}{hashlib.sha256(data).hexdigest()[:40]}.{suffix}"
        self._put(key, data, kind)
        return self._url("GET", key, [], expires)

    def _put(self, key: str, data: bytes, kind: str) -> None:
        headers = [("content-type", kind)]
        request = urllib.request.Request(
            self._url("PUT", key, headers, 900), data=data, headers=dict(headers), method="PUT"
        )
        handlers: List[urllib.request.BaseHandler] = [_NoRedirects()]
        if request.type == "https":
            handlers.append(urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=self._ca_file)))
        where = f"{request.host}, bucket {self.name}"
        try:
            with urllib.request.build_opener(*handlers).open(request, timeout=_TIMEOUT) as answer:
                answer.read(_ANSWER)
                stored = _is_stored(data, answer.headers)
        except urllib.error.HTTPError as error:
            with error:
                self._refused(error.code, error.read(_ANSWER), where)
        except HTTPException as error:
            raise BadResponseError(
                f"Uploading to {where}: no answer of a store came ({type(error).__name__})", status=Status.BAD_RESPONSE
            ) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, ssl.SSLError):
                raise TLSError(f"Uploading to {where}: {_words(reason)}", status=Status.TLS) from None
            raise NetworkError(f"Uploading to {where}: {_words(reason)}", status=Status.NETWORK) from None
        if not stored:
            raise BadResponseError(
                f"Uploading to {where}: the answer is not that of a store which has these bytes", status=Status.BAD_RESPONSE
            )

    def _refused(self, status: int, body: bytes, where: str) -> NoReturn:
        text = body.decode("utf-8", "replace")
        code = re.search(r"<Code>([\w.]{1,80})</Code>", text)
        if code is None or 300 <= status < 400:
            raise BadResponseError(
                f"Uploading to {where}: HTTP {status}, and no answer of a store", status=Status.BAD_RESPONSE, http_status=status
            )
        said = re.search(r"<Message>([^<]{1,200})</Message>", text)
        words = f"Uploading to {where}: {code[1]}{f' ({said[1]})' if said else ''}, HTTP {status}"
        keyword: Dict[str, Any] = {"provider_code": code[1], "http_status": status}
        if code[1] in ("SignatureDoesNotMatch", "InvalidAccessKeyId", "ExpiredToken", "InvalidSecurityToken"):
            raise AuthError(words, status=Status.AUTH, **keyword)
        if status == 403:
            raise PermissionDeniedError(words, status=Status.PERMISSION, **keyword)
        raise AigcError(words, status=Status.PROVIDER if status >= 500 else Status.REQUEST_REFUSED, **keyword)

    def _url(self, method: str, key: str, headers: Pairs, expires: float) -> str:
        """A URL that the store obeys until it ends."""
        now = int(time.time())
        whole = f"/{self.name}/{key}"
        if self._endpoint:
            origin, path = self._endpoint, whole
        else:
            origin, path = "https://" + _HOSTS[self.kind].format(name=self.name, region=self.region), f"/{key}"
        if self.kind == "cos":
            query = cos_query(self._keys, method, path, headers, now, now + int(expires))
        else:
            query = oss_query(self._keys, self.region, method, whole, headers, now, int(expires))
        return f"{origin}{quote(path, safe='/-_.~')}?{query}"


def cos_query(keys: _Keys, method: str, path: str, headers: Pairs, start: int, end: int) -> str:
    """The query of a COS URL (signature version 5). path: decoded."""
    params = [("x-cos-security-token", keys.token)] if keys.token else []
    times = f"{start};{end}"

    def listed(pairs: Pairs) -> Tuple[str, str]:
        rows = sorted((_percent(name).lower(), _percent(value)) for name, value in pairs)
        return ";".join(name for name, _ in rows), "&".join(f"{name}={value}" for name, value in rows)

    header_names, header_text = listed(headers)
    param_names, param_text = listed(params)
    text = f"{method.lower()}\n{path}\n{param_text}\n{header_text}\n"
    key = hmac.new(keys.secret.encode(), times.encode(), hashlib.sha1).hexdigest()
    message = f"sha1\n{times}\n{hashlib.sha1(text.encode()).hexdigest()}\n"
    made = hmac.new(key.encode(), message.encode(), hashlib.sha1).hexdigest()
    fields = [
        ("q-sign-algorithm", "sha1"), ("q-ak", keys.id), ("q-sign-time", times), ("q-key-time", times),
        ("q-header-list", header_names), ("q-url-param-list", param_names), ("q-signature", made), *params,
    ]  # fmt: skip
    return "&".join(f"{name}={_percent(value)}" for name, value in fields)


def oss_query(keys: _Keys, region: str, method: str, path: str, headers: Pairs, now: int, expires: int) -> str:
    """The query of an OSS URL (signature version 4). path: decoded, with the bucket at its beginning."""
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    scope = f"{moment[:8]}/{region}/oss/aliyun_v4_request"
    params = [
        ("x-oss-credential", f"{keys.id}/{scope}"), ("x-oss-date", moment), ("x-oss-expires", str(expires)),
        ("x-oss-signature-version", "OSS4-HMAC-SHA256"), *([("x-oss-security-token", keys.token)] if keys.token else []),
    ]  # fmt: skip
    query = "&".join(f"{_percent(name)}={_percent(value)}" for name, value in sorted(params))
    lines = "".join(f"{name}:{value}\n" for name, value in sorted(headers))
    canonical = f"{method}\n{quote(path, safe='/-_.~')}\n{query}\n{lines}\n\nUNSIGNED-PAYLOAD"
    text = f"OSS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = ("aliyun_v4" + keys.secret).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return f"{query}&x-oss-signature={hmac.new(key, text.encode(), hashlib.sha256).hexdigest()}"


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A picture goes nowhere but where it was sent."""

    def redirect_request(self, *arguments: Any, **more: Any) -> None:
        return None


def _keys(
    kind: str, id: Optional[str], secret: Optional[str], token: Optional[str], environment: Mapping[str, str]
) -> _Keys:
    if id is not None or secret is not None:
        if not id or not secret:
            raise _usage("id", "id and secret belong together")
        return _Keys(id, secret, token or None)
    found = [next((environment[name] for name in names if environment.get(name)), None) for names in _VARIABLES[kind]]
    if not found[0] or not found[1]:
        names = " and ".join(names[0] for names in _VARIABLES[kind][:2])
        raise NoCredentialsError(
            f"a bucket of kind {kind} needs {names} in the environment, or id= and secret=", status=Status.NO_CREDENTIALS
        )
    return _Keys(found[0], found[1], found[2])


def _is_stored(data: bytes, headers: Any) -> bool:
    """Whether the store names the bytes that were sent. With a key of the owner's its tag is no MD5."""
    tag = str(headers.get("etag") or "").strip('"').lower()
    encrypted = any("server-side-encryption" in str(name).lower() for name in headers.keys())
    return tag == hashlib.md5(data).hexdigest() or (bool(tag) and encrypted)


def _read(path: PathLike) -> bytes:
    name = os.fspath(path)
    try:
        with open(name, "rb") as file:
            data = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        raise FileError(f"the picture {name!r} cannot be read: {_words(error)}", status=Status.FILE) from error
    if len(data) > LARGEST:
        raise _usage("path", f"the picture {name!r} is larger than {LARGEST // 1024 // 1024} MiB")
    return data


def _format(data: bytes, path: PathLike) -> Tuple[str, str]:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp", "image/webp"
    for magic, suffix, kind in _MAGIC:
        if data.startswith(magic):
            return suffix, kind
    raise _usage("path", f"{os.fspath(path)!r} is no picture: PNG, JPEG, WebP, GIF and BMP are known")


def _percent(text: str) -> str:
    return quote(text, safe="-_.~")


def _words(error: object) -> str:
    return str(getattr(error, "strerror", None) or error).split("?")[0]


def _usage(field: str, message: str) -> InvalidArgumentError:
    return InvalidArgumentError(message, status=Status.INVALID_ARGUMENT, field=field)
