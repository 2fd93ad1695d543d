"""The servers that both sides talk to: nginx with static answers over TLS on loopback, and the files it serves."""

from __future__ import annotations

import base64
import os
import random
import shutil
import socket
import struct
import subprocess
import time
import urllib.request
import zlib
from pathlib import Path
from typing import Optional

SMALL, LARGE, ASSET = 2 << 20, 200 << 20, 20 << 20

TENCENT_STATUS = (
    '{"Response":{"Status":"RUN","ImageUrls":[],"Message":"","RequestId":"8a1a1a04-1d6b-43dc-b9f3-0f3a9b5ae6a1"}}'
)
# nginx makes a new id for each request: one that was there before would not be believed.
TENCENT_SUBMIT = '{"Response":{"TaskId":"4-AigcImage-$request_id","RequestId":"$request_id"}}'
ALIBABA_STATUS = (
    '{"requestId":"8a1a1a04-1d6b-43dc-b9f3-0f3a9b5ae6a1","success":true,"errCode":null,"errMessage":null,"data":'
    '{"id":"$arg_inferenceJobId","promptId":"20","modelId":"girl_6dcc62b4-0000-4000-8000-000000000000",'
    '"jobStatus":"RUNNING",'
    '"jobTrainProgress":0.5,"resultImageUrl":null,"createTime":"2023-12-25T12:00:00.441184","createUserId":1}}'
)

CONFIG = """
daemon off; worker_processes 1; pid %(dir)s/nginx.pid; error_log %(dir)s/error.log crit;
events { worker_connections 2048; }
http {
  access_log off; keepalive_requests 1000000000; keepalive_timeout 600s; sendfile on; ssl_buffer_size 16k;
  client_body_temp_path %(dir)s/t; proxy_temp_path %(dir)s/t; fastcgi_temp_path %(dir)s/t; uwsgi_temp_path %(dir)s/t;
  scgi_temp_path %(dir)s/t;
  types { image/png png; text/plain txt; }
  map $http_x_tc_action $tencent { default '%(status)s'; CreateAigcImageTask '%(submit)s'; }
  map $arg_encodeFormat $form { default asset.png; base64 asset.txt; }
  server {
    listen 127.0.0.1:%(port)d ssl backlog=1024; server_name localhost;
    ssl_certificate %(dir)s/cert.pem; ssl_certificate_key %(dir)s/key.pem; root %(dir)s/files;
    location = / { default_type application/json; return 200 '%(tencent)s'; }
    location = /count { stub_status; }
    location ~ ^/api/v1/personalizedtxt2img/query(PreModel)?Inference {
      default_type application/json; return 200 '%(alibaba)s';
    }
    location ~ ^/api/v1/personalizedtxt2img/queryImageAsset { try_files /$form =404; }
    location ~ /small { add_header x-cos-hash-crc64ecma %(small)d; try_files /small.png =404; }
    location ~ /large { add_header x-cos-hash-crc64ecma %(large)d; try_files /large.png =404; }
  }
}
"""


def png(path: Path, size: int) -> None:
    """A PNG of about so many bytes that do not compress: one row after another, stored."""
    source = random.Random(7)
    block = source.randbytes(1 << 20)
    width, rows = 4096, size // (4096 * 3 + 1)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, rows, 8, 2, 0, 0, 0)))
        packer = zlib.compressobj(0)
        for row in range(rows):
            start = row * 12289 % (len(block) - 12288)
            data = packer.compress(b"\0" + block[start : start + 12288])
            if data:
                file.write(chunk(b"IDAT", data))
        file.write(chunk(b"IDAT", packer.flush()) + chunk(b"IEND", b""))


def free_port() -> int:
    """A port that nobody has just now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Server:
    """nginx, for the length of a with block. Its certificate is its own authority."""

    def __init__(self, folder: Path, crc64: Path, large: bool = True) -> None:
        self.folder, self.crc64, self.large = folder, crc64, large
        self.port = free_port()
        self.host = "localhost:%d" % self.port
        self.ca = str(folder / "cert.pem")
        self.process: Optional["subprocess.Popen[bytes]"] = None

    def _prepare(self) -> None:
        files = self.folder / "files"
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "t").mkdir(parents=True)
        files.mkdir()
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", self.ca,
             "-keyout", str(self.folder / "key.pem")], check=True, stderr=subprocess.DEVNULL)
        png(files / "small.png", SMALL)
        png(files / "large.png", LARGE if self.large else SMALL)
        png(files / "asset.png", ASSET)
        (files / "asset.txt").write_bytes(base64.b64encode((files / "asset.png").read_bytes()))
        sums = {name: int(subprocess.check_output([str(self.crc64), str(files / (name + ".png"))]))
                for name in ("small", "large")}
        config = CONFIG % {"dir": self.folder, "port": self.port, "status": TENCENT_STATUS, "submit": TENCENT_SUBMIT,
                           "tencent": "$tencent", "alibaba": ALIBABA_STATUS, **sums}
        (self.folder / "nginx.conf").write_text(config)

    def __enter__(self) -> "Server":
        self._prepare()
        nginx = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
        self.process = subprocess.Popen([nginx or "nginx", "-c", str(self.folder / "nginx.conf")])
        for _ in range(100):
            try:
                self.requests()
                return self
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("nginx did not start: see %s/error.log" % self.folder)

    def __exit__(self, *_: object) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait()
        shutil.rmtree(self.folder / "files", ignore_errors=True)

    def requests(self) -> int:
        """How many requests it has answered; this one counts."""
        import ssl

        context = ssl.create_default_context(cafile=self.ca)
        handlers = urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        opener = urllib.request.build_opener(*handlers)
        with opener.open("https://%s/count" % self.host, timeout=10) as answer:
            return int(answer.read().split()[9])
