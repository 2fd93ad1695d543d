"""Fault 14: a program with rights that its caller has not (set-uid, file capabilities) takes nothing from the environment.

A C program is copied, gets such rights, and is run as "nobody" with an environment of nobody's choosing. The same program
without the rights shows that everything in that environment would have had an effect.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Dict, Iterator

import pytest
from support import REPOSITORY

NOBODY = 65534
PROGRAM = r"""
#include <aigc.h>
#include <stdio.h>
#include <string.h>
int main(int count, char **values)
{
    aigc_config *config = NULL;
    aigc_client *client = NULL;
    aigc_job *job = NULL;
    aigc_buffer *report = NULL;
    aigc_error *error = NULL;
    int index;
    if (aigc_config_new(&config, &error)) return 3;
    for (index = 2; index < count; index++) {
        char *value = strchr(values[index], '=');
        *value++ = 0;
        if (aigc_config_set(config, values[index], value, &error)) return 4;
    }
    if (aigc_client_new(config, &client, &error)) { puts(aigc_error_message(error)); return 0; }
    if (aigc_client_attach_id(client, values[1], strcmp(values[1], "tencent") ? "inference" : "aigc_image", "987654321", 0,
                              &job, &error)) return 5;
    aigc_job_refresh(job, 20000, &error);
    puts(aigc_error_message(error));
    if (aigc_client_report(client, &report, NULL)) return 6;
    fwrite(aigc_buffer_data(report), 1, aigc_buffer_size(report), stdout);
    return 0;
}
"""


@pytest.fixture
def place(library: str) -> Iterator[Path]:
    """A folder that everybody can enter, with the library and the program in it."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a program to another user")
    folder = Path(tempfile.mkdtemp(prefix="aigc-privileged-"))
    try:
        if os.statvfs(folder).f_flag & os.ST_NOSUID:
            pytest.skip("set-uid has no effect on this file system")
        folder.chmod(0o755)
        shutil.copy(library, folder / "libaigc.so.1")
        (folder / "libaigc.so").symlink_to("libaigc.so.1")
        (folder / "main.c").write_text(PROGRAM)
        subprocess.run(
            ["gcc", "-I", str(REPOSITORY / "include"), str(folder / "main.c"), "-o", str(folder / "plain")]
            + ["-L", str(folder), "-laigc", f"-Wl,-rpath,{folder}"],
            check=True,
        )
        (folder / "libaigc.so.1").chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder)


def rights(program: Path, kind: str) -> None:
    """Gives a program more rights than its caller has."""
    program.chmod(0o755)
    if kind == "set-uid":
        program.chmod(0o4755)
    elif kind == "set-gid":
        os.chown(program, 0, 1)
        program.chmod(0o2755)
    elif kind == "capability":
        # Revision 2, effective: CAP_NET_BIND_SERVICE.
        os.setxattr(program, "security.capability", struct.pack("<5I", 0x02000001, 1 << 10, 0, 0, 0))


@pytest.mark.parametrize("kind", ["plain", "set-uid", "set-gid", "capability"])
def test_nothing_of_a_strangers_environment_counts(sandbox: Any, place: Path, kind: str) -> None:
    home = place / "home"
    (home / ".aliyun").mkdir(parents=True)
    (home / ".tencentcloud").mkdir()
    trace, log = place / "trace", place / "keys.log"
    profile = {"name": "x", "mode": "External", "process_command": f"touch '{trace}'"}
    (home / ".aliyun/config.json").write_text(json.dumps({"current": "x", "profiles": [profile]}))
    (home / ".tencentcloud/credentials").write_text("[default]\nsecret_id=strangers\nsecret_key=strangers\n")
    program = place / "program"
    shutil.copy(place / "plain", program)
    try:
        rights(program, kind)
    except OSError as problem:
        pytest.skip(f"this file system does not take it: {problem}")
    for path in [place, home, *home.rglob("*")]:
        os.chown(path, NOBODY, NOBODY)
    environment: Dict[str, str] = {
        "HOME": str(home),
        "PATH": f"{home}:/usr/bin:/bin",
        "SSLKEYLOGFILE": str(log),
        "SSL_CERT_FILE": "/etc/passwd",
        "http_proxy": "http://127.0.0.1:9",
        "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true",
    }
    keys = [f"{name}.endpoint={sandbox.info['http']}" for name in ("alibaba", "tencent")]
    keys.append(f"credentials.metadata_endpoint={sandbox.info['metadata']}")
    sandbox.config(imds_role="")
    said = {}
    for provider in ("alibaba", "tencent"):
        done = subprocess.run(
            [str(program), provider, *keys], env=environment, user=NOBODY, group=NOBODY, extra_groups=[], cwd=place,
            capture_output=True, text=True, timeout=60,
        )
        assert done.returncode == 0, done
        said[provider], _, report = done.stdout.partition("\n")
        proxy = [row["proxy"] for row in json.loads(report)["providers"]]
        if kind == "plain":
            assert proxy == ["http://127.0.0.1:9"] * 2 and "/etc/passwd" in report
        else:
            assert proxy == [None, None] and "/etc/passwd" not in report
    if kind == "plain":
        assert trace.exists() and log.exists() and "strangers" not in said["tencent"]
        assert "127.0.0.1:9" in said["tencent"], "the file's key was used, and the proxy"
    else:
        assert not trace.exists() and not log.exists()
        assert "none found" in said["alibaba"] and "none found" in said["tencent"], said
        assert str(home) not in "".join(said.values())
        assert ("there is no home directory" in said["alibaba"]) == (kind != "set-uid")
    done = subprocess.run(  # The keys of a sandbox are no exception.
        [str(program), "tencent", *keys], env={**environment, "AIGC_CA_FILE": "/etc/group"}, user=NOBODY, group=NOBODY,
        extra_groups=[], cwd=place, capture_output=True, text=True, timeout=60,
    )
    assert done.returncode == 0 and ("/etc/group" in done.stdout) == (kind == "plain")


def test_an_unset_home_is_looked_up(sandbox: Any, place: Path) -> None:
    """Fault 22: the user database knows it; where nobody does, the message says so."""
    sandbox.config(imds_role="")
    program = place / "plain"
    keys = [f"{name}.endpoint={sandbox.info['http']}" for name in ("alibaba", "tencent")]
    keys.append(f"credentials.metadata_endpoint={sandbox.info['metadata']}")
    for user, said in ((NOBODY, "/nonexistent/.aliyun/config.json"), (54_321, "there is no home directory: HOME is not set")):
        done = subprocess.run(
            [str(program), "alibaba", *keys], env={}, user=user, group=NOBODY, extra_groups=[], cwd=place,
            capture_output=True, text=True, timeout=60,
        )
        assert said in done.stdout, done
