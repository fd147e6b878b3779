"""An object store on loopback, in a process of its own, and a way to it that counts bytes and can be cut."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pitscape.imagery.remote.name import place

PATIENCE_S = 30
SECRET = "canary0secret0of0tests"  # noqa: S105 - of a store that lasts for some tests
_numbers = count(1)


@contextmanager
def serving_store() -> Iterator[str]:
    """Serve until the block ends; its address. GDAL would wait for a server of its own process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            deadline = time.monotonic() + PATIENCE_S
            while time.monotonic() < deadline:
                with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.kill()


@dataclass
class Bucket:
    """A new bucket of a store.

    Attributes:
        client: Of botocore.
        name: Of the bucket.
    """

    client: Any
    name: str = field(default_factory=lambda: f"bucket-{next(_numbers)}")

    def __post_init__(self) -> None:
        self.client.create_bucket(Bucket=self.name)

    def path(self, key: str) -> Path:
        return place(f"s3://{self.name}/{key}")

    def put(self, key: str, content: bytes | Path) -> Path:
        body = content.read_bytes() if isinstance(content, Path) else content
        self.client.put_object(Bucket=self.name, Key=key, Body=body)
        return self.path(key)

    def get(self, key: str) -> bytes:
        content: bytes = self.client.get_object(Bucket=self.name, Key=key)["Body"].read()
        return content

    @property
    def keys(self) -> list[str]:
        found = self.client.list_objects_v2(Bucket=self.name)
        return [each["Key"] for each in found.get("Contents", ())]

    def all(self, prefix: str) -> dict[str, bytes]:
        return {key.removeprefix(prefix): self.get(key) for key in self.keys if key.startswith(prefix)}


class Wire:
    """A port that passes everything on to a server until it is cut.

    Attributes:
        received: Bytes that came from the server.
        requests: Connections are not requests; what begins like one is counted.
    """

    def __init__(self, url: str) -> None:
        self._server = (urlsplit(url).hostname, urlsplit(url).port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self.is_cut, self.received, self.requests = False, 0, 0
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self.is_cut = True
        for each in list(self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self.is_cut = False

    def close(self) -> None:
        self.cut()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.is_cut:
                client.close()
                continue
            server = socket.create_connection(self._server)
            self._open |= {client, server}
            threading.Thread(target=self._pass, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._pass, args=(server, client, True), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, back: bool) -> None:  # noqa: FBT001
        with suppress(OSError):
            while content := source.recv(1 << 16):
                if back:
                    self.received += len(content)
                else:
                    self.requests += content.startswith((b"GET ", b"HEAD ", b"PUT ", b"POST ", b"DELETE "))
                target.sendall(content)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
            self._open.discard(each)
