#!/usr/bin/env python3
"""What really runs with the files in `deploy`: who is told of which alert, and whether Prometheus gets what it asks for.

    monitoring.py alertmanager         who is told, how often, and of what nobody is
    monitoring.py prometheus BINARY    the service is measured, every rule works, and its end is told

Servers listen on free ports of 127.0.0.1 and are gone when this ends. Slack is a stand-in.
"""

import contextlib
import http.server
import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"

# What comes at all comes much sooner, even on a busy machine.
PATIENCE = 60

# How often somebody looks, in seconds.
LOOK_EVERY = 0.1


def eventually(what, look):
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(LOOK_EVERY)
    raise AssertionError(f"not seen within {PATIENCE} s: {what}")


def equal(actual, expected, what):
    if actual != expected:
        raise AssertionError(f"{what}: {actual!r} is not {expected!r}")


def ask(url, body=None, method=None):
    """The JSON that is answered to a request, if any is."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        text = response.read()
    return json.loads(text) if text else None


def is_ready(url):
    """Whether what is at `url` says that it is there."""
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE):
            return True
    except OSError:
        return False


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def program(*names):
    """The first of `names` that is installed."""
    found = next(filter(None, map(shutil.which, names)), None)
    return found or sys.exit(f"{' or '.join(names)} is not installed")


def change(file, *changes):
    """Replaces patterns in a file; each has to be there, or this would check something else."""
    text = file.read_text()
    for pattern, replacement in changes:
        text, count = re.subn(pattern, replacement, text)
        equal(count > 0, True, f"{file.name} has {pattern!r}")
    file.write_text(text)


class Slack:
    """Keeps what it is told."""

    def __init__(self, stack):
        self.messages = []
        messages = self.messages

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                messages.append(json.loads(body))
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                # The Alertmanager tries again where it is answered anything else.
                self.wfile.write(b"ok")

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        stack.callback(server.shutdown)
        self.url = f"http://127.0.0.1:{server.server_port}/"

    def titles(self):
        """Where each message went, and what it is called."""
        return [(message["channel"], message["attachments"][0]["title"]) for message in self.messages]

    def text(self, title):
        """The text of the last message that is called so."""
        for message in reversed(self.messages):
            if message["attachments"][0]["title"] == title:
                return message["attachments"][0]["text"]
        return None

    def hears(self, title):
        return eventually(f"a message that is called {title}", lambda: self.text(title))


def start(stack, directory, command, ready, **environment):
    """Starts a server that ends with `stack`, and waits until it is ready: its process, and what it prints."""
    log = directory / "log"
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=directory, env=environment)

    def stop():
        process.kill()
        process.wait()

    def has_started():
        if process.poll() is not None:
            raise AssertionError(f"{command[0]} ended:\n{log.read_text()}")
        return is_ready(ready)

    stack.callback(stop)
    eventually(f"{command[0]} is ready", has_started)
    return process, log


class Alertmanager:
    """The one that is installed, with the configuration that is shipped, but for its patience and its Slack."""

    def __init__(self, stack, directory, slack):
        directory = directory / "alertmanager"
        shutil.copytree(DEPLOY / "alertmanager", directory)
        config, address = directory / "alertmanager.yml", directory / "slack_webhook_url"
        address.write_text(slack.url)
        change(config, (r"/run/secrets/slack_webhook_url", str(address)), (r"(group_wait|group_interval): 10s", r"\1: 1s"))
        port = free_port()
        self.authority = f"127.0.0.1:{port}"
        self.url = f"http://{self.authority}"
        command = [
            program("alertmanager"),
            f"--config.file={config}",
            f"--storage.path={directory}/data",
            f"--web.listen-address={self.authority}",
            # It looks for others of its kind else.
            "--cluster.listen-address=",
        ]
        start(stack, directory, command, f"{self.url}/-/ready")

    def tell(self, *alerts):
        """Tells it of alerts as Prometheus does: all at once."""
        ask(f"{self.url}/api/v2/alerts", alerts)

    def states(self):
        """Whether somebody is told of what is wrong, by name, severity and instance of the alert."""
        states = {}
        for alert in ask(f"{self.url}/api/v2/alerts"):
            labels = alert["labels"]
            key = (labels["alertname"], labels.get("severity"), labels.get("instance"))
            states[key] = alert["status"]["state"]
        return states

    def pass_over(self, slack, name):
        """Waits until everything that it was told so far has been told, if it is to be: it is told of one thing more."""
        tool = [program("amtool"), f"--alertmanager.url={self.url}", "alert", "add", name, "severity=warning"]
        subprocess.run([*tool, '--annotation=summary="It arrives"'], check=True, timeout=PATIENCE)
        equal("It arrives" in slack.hears(f"{name} (firing)"), True, "the text of it")


def alert(name, severity, instance=None, **more):
    """An alert as Prometheus tells it."""
    labels = {"alertname": name, "severity": severity, **({"instance": instance} if instance else {})}
    where = f"{name} at {instance}"
    return {"labels": labels, "annotations": {"summary": where, "description": "It is bad.", "runbook": "#"}, **more}


def alertmanager(stack, directory):
    """Each receiver is told once of what begins, of many instances at a time, and of nothing that follows from it."""
    slack = Slack(stack)
    manager = Alertmanager(stack, directory, slack)

    # An instance that is not there: nobody needs to hear that it is slow, too.
    manager.tell(
        alert("ServiceDown", "critical", "one"),
        alert("SlowAnswers", "warning", "one"),
        alert("SlowAnswers", "warning", "two"),
        alert("SlowAnswers", "warning", "three"),
        alert("HighErrorRate", "critical", "two"),
        alert("HighErrorRate", "warning", "two"),
        alert("GoodToKnow", "info", "two"),
    )
    manager.pass_over(slack, "Test")
    equal(
        sorted(slack.titles()),
        [
            ("#alerts", "SlowAnswers (firing)"),
            ("#alerts", "Test (firing)"),
            ("#critical-alerts", "HighErrorRate (firing)"),
            ("#critical-alerts", "ServiceDown (firing)"),
        ],
        "what is told",
    )
    text = slack.text("SlowAnswers (firing)")
    equal(re.findall(r"at (\w+)", text), ["three", "two"], "one message for all instances but that")
    states = manager.states()
    quiet = {key for key, state in states.items() if state == "suppressed"}
    equal(quiet, {("SlowAnswers", "warning", "one"), ("HighErrorRate", "warning", "two")}, "what follows from another")

    # It is there again, and as slow as it was.
    ended = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    manager.tell(alert("ServiceDown", "critical", "one", endsAt=ended))
    slack.hears("ServiceDown (resolved)")
    eventually("the slow one", lambda: "at one" in slack.text("SlowAnswers (firing)"))

    # What follows from all of them being away, and from AniLibria being away.
    slack.messages.clear()
    manager.tell(
        alert("AllInstancesDown", "critical"),
        alert("ServiceDown", "critical", "four"),
        alert("ErrorBudgetBurn", "critical"),
        alert("RollbackErrorRate", "critical"),
        alert("AnilibriaAPIDown", "critical", "two"),
        alert("SyncStalled", "warning", "two"),
        alert("CircuitBreakerOpen", "warning", "five"),
        alert("CacheErrors", "warning", "five"),
    )
    manager.pass_over(slack, "Another")
    told = {name for name in slack.titles() if not name[1].startswith(("SlowAnswers", "ServiceDown (res"))}
    equal(
        told,
        {
            ("#critical-alerts", "AllInstancesDown (firing)"),
            ("#critical-alerts", "AnilibriaAPIDown (firing)"),
            ("#alerts", "CacheErrors (firing)"),
            ("#alerts", "Another (firing)"),
        },
        "what is told",
    )


def prometheus(stack, directory, binary):
    """AniLibria fails, and the service ends: Slack hears of it by way of Prometheus, its rules and the Alertmanager."""
    slack = Slack(stack)
    manager = Alertmanager(stack, directory, slack)
    service = directory / "service"
    service.mkdir()
    port = free_port()
    command = [str(Path(binary).resolve()), "--sandbox", "--port", str(port)]
    # With a level of the cache that is well whatever happens.
    cache = str(service / "cache")
    instance, _ = start(stack, service, command, f"http://127.0.0.1:{port}/live", CACHE_DIR=cache)

    directory = directory / "prometheus"
    shutil.copytree(DEPLOY / "prometheus", directory)
    authority = f"127.0.0.1:{free_port()}"
    change(
        directory / "prometheus.yml",
        # One instance under two names, so that there are two.
        (r"anilibria-1:8000, anilibria-2:8000", f"127.0.0.1:{port}, localhost:{port}"),
        (r"alertmanager:9093", manager.authority),
        (r"localhost:9090", authority),
        (r"(interval): 15s", r"\1: 1s"),
        (r"scrape_timeout: 10s", "scrape_timeout: 1s"),
    )
    impatient = (r"(alert: (?:ServiceDown|AllInstancesDown|AllCircuitBreakersOpen)\n(?:.*\n)+?\s+for:) \w+", r"\1 0s")
    change(directory / "rules/alerts.yml", impatient)
    command = [
        program("prometheus"),
        f"--config.file={directory}/prometheus.yml",
        f"--storage.tsdb.path={directory}/data",
        f"--web.listen-address={authority}",
    ]
    _, log = start(stack, directory, command, f"http://{authority}/-/ready")

    def targets():
        found = ask(f"http://{authority}/api/v1/targets")["data"]["activeTargets"]
        return sorted((target["labels"]["job"], target["health"]) for target in found)

    up = [("alertmanager", "up"), *[("anilibria-python-service", "up")] * 2, ("prometheus", "up")]
    eventually("all targets are up", lambda: targets() == up)

    def rules():
        groups = ask(f"http://{authority}/api/v1/rules")["data"]["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        return rules if all(rule["health"] != "unknown" for rule in rules) else None

    found = eventually("every rule was looked at", rules)
    wrong = [(rule["name"], rule.get("lastError")) for rule in found if rule["health"] != "ok"]
    equal(wrong, [], "rules that do not work")
    written = "".join(file.read_text() for file in (directory / "rules").glob("*.yml"))
    equal(len(found), len(re.findall(r"- (?:alert|record): ", written)), "how many rules there are")
    managers = ask(f"http://{authority}/api/v1/alertmanagers")["data"]["activeAlertmanagers"]
    equal([one["url"] for one in managers], [f"{manager.url}/api/v2/alerts"], "who is told")
    equal(slack.titles(), [], "what is told while all is well")

    ask(f"http://127.0.0.1:{port}/sandbox/faults", {"error_rate": 1.0}, "PUT")
    for title in range(20):
        # Nobody has it, so that AniLibria is asked until it is given up.
        is_ready(f"http://127.0.0.1:{port}/api/anilibria/v2/titles/{990_000 + title}")
    slack.hears("AllCircuitBreakersOpen (firing)")

    instance.kill()
    slack.hears("AllInstancesDown (firing)")
    down = {("ServiceDown", "critical", f"{host}:{port}"): "suppressed" for host in ("127.0.0.1", "localhost")}
    eventually("that follows from it", lambda: down.items() <= manager.states().items())
    complaints = [line for line in log.read_text().splitlines() if "level=error" in line.lower()]
    equal(complaints, [], "what Prometheus complains of")


def main():
    checks = {check.__name__: check for check in (alertmanager, prometheus)}
    name, *arguments = sys.argv[1:] or [""]
    if name not in checks:
        sys.exit(__doc__)
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        try:
            checks[name](stack, directory, *arguments)
        except AssertionError as wrong:
            sys.exit(f"wrong: {wrong}")
    print(f"as it should be: {name}")


main()
