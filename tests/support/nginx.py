"""nginx with the files of config/deploy, in front of the processes of a test."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "config" / "deploy"
WEB, SPEED = "127.0.0.1:8000", "127.0.0.1:8001"  # upstreams in the files
ATTEMPTS = 200

needs_nginx = pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def write_files(folder: Path, name: str, replaced: Mapping[str, str]) -> Path:
    """Write the configuration with its logs, certificate and other texts in a folder."""
    places = {
        **replaced,
        "/etc/nginx/dosong/": f"{folder}/nginx-",
        "/etc/nginx/tls": str(folder),
        "/var/log/nginx": str(folder),
    }
    for file in ("nginx-common.conf", "nginx-site.conf", name):
        text = (DEPLOY / file).read_text()
        for there, here in places.items():
            text = text.replace(there, here)
        (folder / file).write_text(text)
    whole = folder / "whole.conf"
    user = "user root; " if os.geteuid() == 0 else ""  # others may not enter the folder
    whole.write_text(
        f"{user}pid {folder}/pid; error_log stderr crit; worker_rlimit_nofile 16384;\n"
        "events { worker_connections 8192; }\n"
        f"http {{ client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;"
        f" include {folder}/{name}; }}\n"
    )
    return whole


@contextmanager
def running_nginx(folder: Path, web: str = WEB, speed: str = SPEED) -> Iterator[int]:
    """Run nginx in front of two addresses; yield its port."""
    port = free_port()
    replaced = {"listen 80;": f"listen 127.0.0.1:{port};", WEB: web, SPEED: speed}
    command = ["nginx", "-e", "stderr", "-c", str(write_files(folder, "nginx.conf", replaced))]
    with subprocess.Popen([*command, "-g", "daemon off;"]) as server:
        try:
            for _ in range(ATTEMPTS):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            yield port
        finally:
            server.terminate()
