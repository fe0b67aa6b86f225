#!/usr/bin/env python3
"""Changes the token secrets with the commands of deploy/README.md for systemd, and checks the accepted tokens.

    rotation.py BINARY

`sudo`, `systemctl` and /etc are replaced. The service is started with the environment and the credentials of its unit.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
UNIT = "anilibria-server.service"
SECRETS = ("jwt_secret", "internal_jwt_secret")
SECTION = "### Secrets with systemd"


def steps():
    """Returns the two blocks of commands in the section: the start and the end of the change."""
    text = (DEPLOY / "README.md").read_text()
    section = text.split(f"{SECTION}\n", 1)[1].split("\n## ", 1)[0].split("\n### ", 1)[0]
    return re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(secret, claims):
    head = base64url(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    message = f"{head}.{base64url(json.dumps(claims | {'exp': int(time.time()) + 3600}).encode())}"
    return f"{message}.{base64url(hmac.new(secret.encode(), message.encode(), hashlib.sha256).digest())}"


class Machine:
    """A directory that replaces the root of a machine with systemd."""

    def __init__(self, root, binary):
        self.root, self.binary = root, binary
        self.restarts = 0
        (root / "bin").mkdir()
        self._program("sudo", 'exec "$@"')
        self._program("systemctl", f'echo "$@" >>{root}/systemctl.log')
        self.etc = root / "etc/anilibria-server"
        self.etc.mkdir(parents=True)
        self.units = root / "etc/systemd/system"
        self.units.mkdir(parents=True)
        (self.units / UNIT).write_text((DEPLOY / "systemd" / UNIT).read_text())

    def _program(self, name, line):
        program = self.root / "bin" / name
        program.write_text(f"#!/bin/sh\n{line}\n")
        program.chmod(0o755)

    def secrets(self):
        return {name: (self.etc / name).read_text().strip() for name in SECRETS}

    def run(self, block):
        """Runs a block of commands of README.md, and checks that it reloads the units and restarts the service."""
        log = self.root / "systemctl.log"
        log.write_text("")
        environment = {"PATH": f"{self.root}/bin:{os.environ['PATH']}"}
        script = block.replace("/etc/", f"{self.root}/etc/")
        subprocess.run(["sh", "-eu", "-c", script], cwd=DEPLOY, env=environment, check=True)
        calls = log.read_text().split("\n")
        assert calls[:2] == ["daemon-reload", "restart anilibria-server"], calls

    def settings(self):
        """Returns the values of the unit and its drop-ins by name, in order."""
        files = [self.units / UNIT, *sorted((self.units / f"{UNIT}.d").glob("*.conf"))]
        values = {}
        for file in files:
            for name, value in re.findall(r"^(\w+)=(.*)$", file.read_text(), re.MULTILINE):
                values.setdefault(name, []).append(value)
        return values

    def environment(self, directory):
        settings = self.settings()
        credentials = Path(directory) / "credentials"
        credentials.mkdir()
        for credential in settings["LoadCredential"]:
            name, file = credential.split(":", 1)
            # A missing file is an error, as with systemd.
            (credentials / name).write_text(Path(f"{self.root}{file}").read_text())
        assigned = " ".join(settings["Environment"]).replace("%d", str(credentials)).replace("%S", str(directory))
        return dict(assignment.split("=", 1) for assignment in assigned.split())

    def accepted(self, secrets):
        """Returns for each pair of secrets whether the service accepts its tokens, as (users, services)."""
        with tempfile.TemporaryDirectory() as directory:
            environment = self.environment(directory) | {"LOG_REQUESTS": "all", "RATE_LIMIT_REQUESTS_PER_MINUTE": "0"}
            log = Path(directory) / "log"
            command = [self.binary, "serve", "--sandbox", "--port", "0"]
            with log.open("w") as errors:
                service = subprocess.Popen(command, env=environment, stdout=errors, stderr=errors)
            try:
                origin = self._origin(service, log)
                return [self._accepts(origin, log, pair) for pair in secrets]
            finally:
                service.kill()
                service.wait()

    @staticmethod
    def _origin(service, log):
        while service.poll() is None:
            if found := re.search(r"listening.*(http://[0-9.:]+)", log.read_text()):
                return found.group(1)
            time.sleep(0.05)
        raise RuntimeError(f"the service has exited: {log.read_text()}")

    @staticmethod
    def _accepts(origin, log, pair):
        number = int.from_bytes(os.urandom(4), "big")
        get(f"{origin}/api/anilibria/v2/titles/7?exclude=torrents", token(pair["jwt_secret"], {"id": number}))
        claims = {"service": "nodejs", "permissions": ["read"]}
        status = get(f"{origin}/internal/stats", token(pair["internal_jwt_secret"], claims))
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        return any(line.get("user_id") == number for line in lines), status == 200


def get(url, bearer):
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {bearer}"})
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def main():
    binary = Path(sys.argv[1]).resolve()
    start, end = steps()
    with tempfile.TemporaryDirectory() as directory:
        machine = Machine(Path(directory), binary)
        for name in SECRETS:
            (machine.etc / name).write_text(os.urandom(32).hex() + "\n")
        old = machine.secrets()
        yes, no = (True, True), (False, False)
        assert machine.accepted([old]) == [yes]

        machine.run(start)
        new = machine.secrets()
        assert all(old[name] != new[name] for name in SECRETS), "the secrets have not changed"
        accepted = machine.accepted([old, new])
        assert accepted == [yes, yes], f"during the change: {accepted}"

        machine.run(end)
        accepted = machine.accepted([old, new])
        assert accepted == [no, yes], f"after the change: {accepted}"
        assert sorted(file.name for file in machine.etc.iterdir()) == sorted(SECRETS)
    print("tokens with the previous secrets are accepted during the change, and refused after it")


main()
