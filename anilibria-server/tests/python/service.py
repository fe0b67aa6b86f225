"""The built service with its sandbox behind a TLS proxy: anilibria.py supports only TLS."""

import asyncio
import json
import os
import re
import ssl
import subprocess
import tempfile
import threading
import urllib.request
from pathlib import Path

# Maximum number of bytes per read.
CHUNK = 64 * 1024

# The service under test.
running: "Service"


class Service:
    """The service of a test run."""

    def __init__(self, binary: str) -> None:
        self._files = tempfile.TemporaryDirectory()
        certificate, key = self._certificate()
        os.environ["SSL_CERT_FILE"] = str(certificate)
        settings = {
            "CACHE_DIR": "off",
            "RATE_LIMIT_REQUESTS_PER_MINUTE": "0",
            "SYNC_INTERVAL_SECONDS": "1",
        }
        self._process = subprocess.Popen(
            [binary, "--sandbox", "--port", "0"],
            env=settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.log: list[str] = []
        self.origin = self._origin()
        self._watching = threading.Event()
        threading.Thread(target=self._read_log, daemon=True).start()
        threading.Thread(target=self._read_output, daemon=True).start()
        self._proxy = TlsProxy(int(self.origin.rsplit(":", 1)[1]), certificate, key)
        self.host = f"127.0.0.1:{self._proxy.port}"

    def _certificate(self) -> tuple[Path, Path]:
        """Creates a self-signed certificate for 127.0.0.1."""
        certificate, key = (Path(self._files.name, name) for name in ("certificate.pem", "key.pem"))
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
        command += ["-addext", "subjectAltName=IP:127.0.0.1", "-out", str(certificate), "-keyout", str(key)]
        subprocess.run(command, check=True, capture_output=True)
        return certificate, key

    def _origin(self) -> str:
        for line in self._process.stderr:
            self.log.append(line)
            if found := re.search(r"listening.*(http://[0-9.:]+)", line):
                return found.group(1)
        raise RuntimeError(f"the service has exited: {''.join(self.log)}")

    def _read_log(self) -> None:
        for line in self._process.stderr:
            self.log.append(line)
            if "polling AniLibria from" in line:
                self._watching.set()

    def _read_output(self) -> None:
        for _ in self._process.stdout:
            pass

    def wait_for_watcher(self) -> None:
        """Waits until the service watches its sandbox, so that it publishes every later change."""
        if not self._watching.wait(60):
            raise TimeoutError("the service does not watch its sandbox")

    def sandbox(self, method: str, path: str, body: object = None):
        """Calls the control API of the sandbox."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.origin}/sandbox{path}", data=data, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read() or "null")

    def stop(self) -> None:
        self._proxy.stop()
        self._process.terminate()
        self._process.wait(30)
        self._files.cleanup()
        if any("panicked at" in line for line in self.log):
            raise RuntimeError("".join(self.log))


class TlsProxy:
    """Accepts TLS connections and forwards them to a local port."""

    def __init__(self, target: int, certificate: Path, key: Path) -> None:
        self._target = target
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        started = asyncio.run_coroutine_threadsafe(self._start(), self._loop)
        self.port: int = started.result(10)

    async def _start(self) -> int:
        server = await asyncio.start_server(self._forward, "127.0.0.1", 0, ssl=self._context)
        return server.sockets[0].getsockname()[1]

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self._target)
        await asyncio.gather(copy(reader, upstream_writer), copy(upstream_reader, writer), return_exceptions=True)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._cancel_tasks(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _cancel_tasks(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
    finally:
        writer.close()
