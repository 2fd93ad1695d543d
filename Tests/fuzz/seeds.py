#!/usr/bin/env python3
"""Makes the first inputs of each target out of the fixtures and a few texts, into a folder with one folder a target.

usage: seeds.py FOLDER
What fuzzing found beyond them lies in corpus/; README.md says how it gets there.
"""

from __future__ import annotations

import base64
import hashlib
import struct
import sys
import zlib
from pathlib import Path
from typing import Dict, List

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "Tests" / "fixtures"
END = b"\xff"  # between the parts of an input


def files(folder: str, *suffixes: str) -> List[bytes]:
    """The contents of small fixtures."""
    found = [p for p in sorted((FIXTURES / folder).iterdir()) if p.suffix in suffixes]
    return [p.read_bytes() for p in found if p.stat().st_size < 16_000]


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def small_images() -> List[bytes]:
    """The smallest of each format, for what costs most to read."""
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    png += chunk(b"IDAT", zlib.compress(b"\0\1\2\3")) + chunk(b"IEND", b"")
    jpeg = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffc0000b080001000101011100ffda0008010100003f00")
    jpeg += b"\x12\xff\x00\xff\xd0\x34\xff\xd9"
    gif = b"GIF89a" + bytes.fromhex("01000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
    webp_body = b"WEBPVP8L" + struct.pack("<I", 5) + b"\x2f\0\0\0\0\0"
    webp = b"RIFF" + struct.pack("<I", len(webp_body)) + webp_body
    bmp = b"BM" + struct.pack("<IIIIiiHHIIiiII", 58, 0, 54, 40, 1, 1, 1, 24, 0, 4, 0, 0, 0, 0) + b"\0\0\xff\0"
    return [png, jpeg, gif, webp, bmp]


def bent() -> List[bytes]:
    """Answers that something on the way has bent."""
    whole = b'{"Response":{"TaskId":"4-AigcImage-1",%s"RequestId":"r"}}'
    data = b'{"success":true,"requestId":"r","data":{"id":3220,%s"jobStatus":"NOT_START"}}'
    beside = [
        b'"prompt":"\\ud800",', b'"n":NaN,"m":-Infinity,', b'"deep":' + b"[" * 70 + b"]" * 70 + b",", b'"p":"\xff\xc0",',
        b"/* note */", b"\0", b'"TaskId":"4-other","id":7,', b'"n":1e400,"s":18446744073709551615,', b'"p":"a "b" c",',
        b'"TASKID":null,', b"'a':b,",
    ]
    made = [form % odd for form in (whole, data) for odd in beside]
    for form in (whole, data):
        plain = form % b""
        text = plain.decode()
        made += [b"\xef\xbb\xbf" + plain, text.encode("utf-16"), text.encode("utf-16-be"), text.encode("utf-32-le")]
        made += [plain[:40], plain + b"}", plain + plain, plain.replace(b"Response", b"response"), b"<pre>" + plain]
    made += [
        b'{"Response":{"Status":"DONE","ImageUrls":["https://a","https://b","FAILED",{"x":1},null],"RequestId":"r"}}',
        b'{"success":true,"data":{"id":"3220","jobStatus":"FINISHED","resultImageUrl":["0.png",{},"1.png"]}}',
        b'{"Response":{"TaskId":"4-\\u202ea"}}', b'{"Response":{"Status":"STOP","Message":"subjectImageList: size"}}',
        b'{"Response":{"Error":{"Code":"RequestLimitExceeded","Message":"maximum concurrency"},"RequestId":"r"}}',
    ]
    return made


def answers() -> List[bytes]:
    """Every answer to every kind of call."""
    bodies = files("providers", ".json", ".xml", ".html")
    bodies += [
        b'{"data":[{"id":17,"jobStatus":"FINISHED","modelId":"m","jobTrainProgress":0.5}],"success":true}',
        b'{"Response":{"RequestId":"r","Status":"DONE","ImageUrls":["https://h/a.png?q-sign-time=1;1795252765"]}}',
        b"<Error><Code>AccessDenied</Code><Message>Request has expired&amp;&#x41;</Message></Error>",
        b'{"Code":"Throttling.User","Message":"SignatureNonceUsed token=abc","RequestId":"r","success":false}',
        b"",
    ]
    bodies += bent()
    head = b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nx-acs-retry-after: 2000\r\nRetry-After: 3\r\n"
    made = []
    for kind in range(7):
        for number, body in enumerate(bodies):
            status = (0, 3, 4, 8)[number % 4]
            made.append(bytes([kind, status]) + (head if number % 3 == 0 else b"") + END + body)
    return made


def images() -> List[bytes]:
    """Each format, plain and in Base64, quoted and in an envelope."""
    made = []
    for image in small_images():
        text = base64.b64encode(image)
        for heads in (0, 3, 7):
            made.append(bytes([0, heads, 0, 0, 7, 1]) + image)
        made.append(bytes([0, 3, 3, 0, 9, 1]) + image)
        for form in (text, b'"%s"' % text, b'{"success":true,"data":"%s"}' % text, b"data:image/png;base64," + text):
            made.append(bytes([1, 1, 0, 0, 7, 1]) + form)
    whole = files("assets", ".png", ".jpg", ".webp", ".gif", ".bmp")
    return made + [bytes([0, 0, 0, 0, 3, 1]) + data for data in whole]


def credentials() -> List[bytes]:
    """Files, then answers of services."""
    end = b'"Expiration":"2026-01-01T01:00:00Z"'
    keys = b'"AccessKeyId":"STS.id","AccessKeySecret":"s","SecurityToken":"t",' + end
    sts = b'{"Credentials":{%s}}' % keys
    metadata = b'{"Code":"Success",%s}' % keys
    tencent = b'{"TmpSecretId":"AKIDt","TmpSecretKey":"k","Token":"t"}'
    tencent_sts = b'{"Response":{"Credentials":%s,"ExpiredTime":1767229200,"RequestId":"r"}}' % tencent
    cvm = b'{"Code":"Success","ExpiredTime":1767229200,"TmpSecretId":"AKIDc","TmpSecretKey":"k","Token":"t"}'
    config = b'{"current":"p","profiles":[{"name":"p",%s}]}'
    key = b'"access_key_id":"LTAIid","access_key_secret":"s"'
    role = b'"ram_role_arn":"acs:ram::1:role/r","ram_session_name":"n","expired_seconds":900,"sts_region":"cn-hangzhou"'
    profiles = [
        b'"mode":"AK",' + key,
        b'"mode":"StsToken","sts_token":"t",' + key,
        b'"mode":"RamRoleArn",' + key + b"," + role,
        b'"mode":"ChainableRamRoleArn","source_profile":"p",' + role,
        b'"mode":"EcsRamRole","ram_role_name":"r"',
        b'"mode":"OIDC","oidc_provider_arn":"a","oidc_token_file":"/t",' + role,
        b'"mode":"External","process_command":"tool \'a b\' \\"c\\""',
    ]
    external = b'{"mode":"StsToken","access_key_id":"i","access_key_secret":"s","sts_token":"t"}'
    made = []
    for number, profile in enumerate(profiles):
        answer = external if number == 6 else metadata if number == 4 else sts
        made.append(bytes([0, 0]) + config % profile + END + answer + END + answer)
    for kind in (b"access_key", b"ram_role_arn", b"oidc_role_arn", b"ecs_ram_role"):
        ini = b"; words\n[default]\ntype = %s\naccess_key_id = LTAIid # more\nrole_arn: acs:ram::1:role/r\n" % kind
        ini += b"oidc_provider_arn = a\noidc_token_file_path = /t\nrole_name = r"
        made.append(bytes([0, 0]) + ini + END + sts + END + metadata)
    made.append(bytes([1, 0]) + b"[default]\nsecret_id = AKIDid")
    # A mark, names and values that only look like others, and half a file.
    for text in (
        "\ufeff[default]\nsecret_id=i\nsecret_key=k", "[default]\nsecret_\u212aey=k", "[default]\nsecret_id=\u200bi",
        "[default]\nsecret_id='i'\nsecret_key=", "[p]\n[default",
        "[default]\naccess_key_id=i\r\n\x85access_key_secret=\u00a0s",
    ):
        made.append(bytes([1, 0]) + text.encode())
        made.append(bytes([0, 0]) + text.encode() + END + sts)
    made += [bytes([3, n]) + END + b"session" + END + b"role\n" + END + metadata for n in (0, 1, 2)]
    made += [bytes([4, n]) + END + b"role" + END + cvm for n in (0, 1, 2)]
    made.append(bytes([5, 0]) + b" eyJtoken\n" + END + sts)
    made.append(bytes([6, 0]) + b"eyJtoken" + END + tencent_sts)
    made.append(bytes([7, 0]) + END + sts)
    made.append(bytes([8, 0]) + END + tencent_sts)
    error = b'{"Response":{"Error":{"Code":"InternalError.Db","Message":"m"},"RequestId":"r"}}'
    return made + [bytes([8, 2]) + END + error, bytes([7, 1]) + END + b'{"Code":"Throttling.User","Message":"m"}']


def heads() -> List[bytes]:
    """Heads of answers."""
    return [
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
        b"Content-Type: image/png; x\r\n"
        b'Content-Length: 12\r\nETag: "one"\r\nx-cos-hash-crc64ecma: 123\r\n\r\nTrailer: 1\r\n',
        b"HTTP/2 206 \r\ncontent-range: bytes 5-9/10\r\nlast-modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n",
        b"HTTP/1.1 429 No\r\nRetry-After: Sunday, 06-Nov-94 08:49:39 GMT\r\nDate: Sun Nov  6 08:49:37 1994\r\n\r\n",
        b"HTTP/1.1 429 No\r\nRetry-After: 17\r\nx-acs-retry-after: 2000\r\n\r\n",
        b"HTTP/1.1 400 No\r\nx-ratelimit-user-api: Limit:1,Remain:0,TimeLeft:2000,Reset:1\r\n\r\n",
        b"HTTP/1.1 400 No\r\nX-Old: a\r\n b\r\n\tc\r\n\r\n",
        b"HTTP/1.1 416 No\nContent-Range: bytes */10\nContent-Encoding: gzip\n\n",
    ]


def urls() -> List[bytes]:
    """URLs, and what they redirect to."""
    first = [
        b"https://host.example.com:8443/a/b?x=1&q-sign-time=1;1795252765#f", b"http://[::1]:80/", b"http://127.1/",
        b"https://0x7f.1/", b"https://[fe80::1%25eth0]/", b"HTTPS://User@host/", b"https://h/?Expires=1795252765",
        b"https://b.cos.ap-guangzhou.myqcloud.com/a%20b.png?ci-process=x&a=b%2Fc", b"host:443", b"http://host",
        b"https://h/?X-Amz-Date=20240712T144419Z&X-Amz-Expires=600", b"https://017700000001/", b"https://2130706433/",
        b"https://ex%61mple.com/", b"https://xn--bcher-kva.example/", b"64:ff9b::7f00:1", b"::ffff:10.0.0.1",
        b"[2001:db8::1]:8443", b"aicontent.cn-beijing.aliyuncs.com",
    ]
    first += [  # what others fetch all the same, what differs in its query alone, hosts that are not what they look like
        "https://h/\u56fe 1.png?x=\u00e9".encode(), b" https://h/a b.png\r\n", b"HTTPS://H/%zz%",
        "https://\u56fe.example/".encode(),
        b"https://h/i.png?id=1&sign=2", b"https://h/i.png?id=1&q-signature=2&token=3", b"http://loc%61lhost/",
        b"http://localhost%2e/", b"http://127.0.0.1../", b"http://a%40b/", b"http://h\\@127.0.0.1/", b"http://x.corp./",
    ]
    second = [b"/path?q", b"//other/x", b"https://other/", b"http://other/", b"x"]
    second += ["/\u732b b.png".encode(), b"/\xe7\x8c", b"https://h/\xff?\x80", b"?id=2", b"..//../x"]
    return [url + END + second[number % len(second)] for number, url in enumerate(first)]


def tokens() -> List[bytes]:
    """Tokens without their checksum, which the target appends."""
    return [
        b"\1aigc1:tencent:aigc_image::mps.tencentcloudapi.com:4-AigcImage-1",
        b"\1aigc1:tencent:aigc_image:ap-guangzhou:mps.ap-guangzhou.tencentcloudapi.com:24000-a%2f",
        b"\1aigc1:alibaba:inference:cn-shanghai:aicontent.aliyuncs.com:3220",
        b"\1aigc1:alibaba:model_training:cn-beijing:aicontent-vpc.cn-beijing.aliyuncs.com:17",
        b"\1aigc1:alibaba:inference:cn-shanghai:http%3a%2f%2f127.0.0.1%3a8080:%e4%b8%ad",
        b"\0aigc1:tencent:aigc_image::h:1:00000000",
        b"\x0000-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ]


def dates() -> List[bytes]:
    """Dates in every form."""
    return [
        b"Sun, 06 Nov 1994 08:49:37 GMT", b"Sunday, 06-Nov-94 08:49:37 GMT", b"Sun Nov  6 08:49:37 1994",
        b"2023-12-25T12:00:00", b"2023-12-25 12:00:00.123456Z", b"2024-02-29T23:59:60+08:00",
        b"2024-02-29T23:59:59-0830", b"0000-01-01T00:00:00+23:59", b"9999-12-31T23:59:59-23:59",
        b"\0\0\0\0\x38\x6d\x43\x80", b"\0\0\0\0\x38\xbc\x5d\x80",
    ]


def sidecars() -> List[bytes]:
    """Notes, with and without what makes them right, and a part."""
    image = small_images()[0]
    made = []
    for total, crc, kind in ((len(image), "-", "png"), (-1, "7", "jpeg"), (1_000, "0", "webp")):
        note = "libaigc-part 3\n%s\n-\n\"one\"\n-\n%d\n%s\n%s\nboot\n" % ("a" * 64, total, crc, kind)
        made.append(b"\1\x07" + note.encode() + END + b"\0" + image[:-3])
    return made


def configs() -> List[bytes]:
    """Keys and values."""
    return [
        b"tencent.region=ap-guangzhou\ntencent.site=intl\ntencent.regional_host=true",
        b"alibaba.endpoint=http://127.0.0.1:8080\nalibaba.network=vpc\nalibaba.asset_encoding=base64",
        b"job.deadline_ms=-1\npoll.growth_percent=15\nrate.tencent.create_per_s=1e3\nhttp.max_reply_bytes=1024",
        b"http.proxy=http://user:pass@proxy:3128\nhttp.no_proxy=10.0.0.0/8,.example.com\nhttp.user_agent=me/1",
        b"credentials.role_arn=acs:ram::1:role/r\ncredentials.sts_region=cn-beijing\ncredentials.role_duration_s=900",
        b"tencent.cos_hosts=b.cos.ap-guangzhou.myqcloud.com, http://127.0.0.1:9000\ntencent.secret_id=AKIDi\n"
        b"tencent.secret_key=k",
        *[
            b"http.proxy=" + proxy
            for proxy in (
                b"http://user:S3cret/pw@host", b"http://user:S3cret?x@host:1", b"http://u:p w@host", b"u:p@host:99999",
                b"http://u:%zz@host:1", b"socks5://u:p@[::1", b"SOCKS4://u@h:0", b"http://u:p@a@b", b"socks://h\\@x",
            )
        ],
        b"tencent.endpoint=https://key:S3cret@", "alibaba.endpoint=\u56fe.example".encode(),
        b"http.no_proxy=*.host,host:443,[::1]:80,http://h/,192.168.*,10.0.0.0/,*",
        b"tls.ca_file=/nothing\ntls.ca_path=/\njob.folow=true\nhttp.address_family=ipv9",
    ]


def requests() -> List[bytes]:
    """Names and JSON."""
    made = []
    for cloud in (0, 1):
        for operation in range(6):
            fields = [b"prompt", b'"a cat"', b"model", b'"GEM"', b"count", b"2"]
            fields += [b"body.Extra.Deep", b'{"a":[1,2.5,null]}']
            made.append(bytes([cloud, operation]) + END.join(fields))
    made.append(b"\0\0" + b"GetThing GET /api/v1/thing" + END + b'{"a":1,"b":"c","d":null}')
    made.append(b"\1\0" + b"DescribeAigcTaskList" + END + b'{"a":{"b":[1]}}')
    made.append(b"\0\1" + b"image_urls" + END + b'["https://h/a.png",{"url":"https://h/b","reference_type":"subject"}]')
    return made


def profiles() -> List[bytes]:
    """Configuration files."""
    good = rb"""profile = "work" # mine
provider = 'tencent'
[profiles.work]
journal.path = "~/cats"
poll.max_ms = 2_000
poll.learn = false
"tencent.region" = "ap-\u0067uangzhou"
[profiles.work.operations.tencent.aigc_image]
count = 0x2
extra = {a = [1, 2.5e0, {b = "\u00e9"}], c.d = true}
[profiles.default.alibaba]
region = "cn-beijing"
"""
    return [
        good, b"\xef\xbb\xbf" + good.replace(b"\n", b"\r\n"), good.replace(b"count", b"seed"), b"a = " + b"[" * 60,
        b"a." * 60 + b"b = 1", b"a = 1979-05-27T07:32:00Z", b"[[profiles.a]]", b"[profiles.a]\ntencent.secret_key = 'x'",
        b"a = '''\n'x'''''\nb = " + b'"' * 3 + b"\\\n  y" + b'"' * 5, b"a = inf\nb = -nan",
        b"a = {b = 1, b = 2}\n[a.b]\n",
        b'[profiles.a]\nrate.path = "none"\ntls.ca_file = "~"\nclose.grace_ms = 9223372036854775808',
        b"[profiles.a.operations.alibaba.inference]\nextra = '{}'\nnumber = -0\nprompt = 'x'",
    ]



def made() -> Dict[str, List[bytes]]:
    """All of them."""
    json = [b"\0" + body for body in files("providers", ".json") + bent()]
    json += [b"\0" + text for text in (
        b'{"a":[1,-0.5,1e3,12345678901234567890,"\\u4e2d\\ud83d\\ude3a\\n"],"b":null,"a":true}', b"-0", b"[[[[]]]]")]
    words = [
        b"\0\0SignatureDoesNotMatch server string to sign is GET&%2F" + END + b"more",
        b"\0\0the token AQoDYXdz+tok/en== is wrong, AQoDYXdz%2Btok%2Fen%3D%3D" + END + b"AQoDYXdz\\u002btok\\/en==",
        b"\1\0http://user:S3cret/pw@host:1 and http://u:p@h" + END + b"<Token>a&amp;b</Token>",
        b"\1\1the key LTAI4Fabcdefghijkl was refused" + END + b"\"Authorization\":\"ACS3 Credential=x\"",
    ]
    text = base64.b64encode(bytes(range(200)))
    base = [b"\0\7" + text, b"\0\3" + base64.encodebytes(bytes(range(250))),
            b"\1\5" + text.replace(b"/", b"\\/") + b'"', b"\1\1AAEC\\u0041A=\"",
            b"\0\0" + base64.urlsafe_b64encode(b"\xff\xfe" * 20).rstrip(b"=")]
    return {
        "answers": answers(), "base64": base, "config": [b"\0" + text for text in configs()],
        "credentials": credentials(), "dates": dates(), "heads": heads(), "image": images(), "json": json,
        "profiles": profiles(), "redaction": words, "request": requests(), "sidecar": sidecars(),
        "tokens": tokens(), "urls": urls(),
    }


def main() -> None:
    """Write them, each under its hash as libFuzzer does."""
    for target, inputs in made().items():
        folder = Path(sys.argv[1], target)
        folder.mkdir(parents=True, exist_ok=True)
        for data in inputs:
            (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)


if __name__ == "__main__":
    main()
