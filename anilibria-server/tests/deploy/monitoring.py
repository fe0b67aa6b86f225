#!/usr/bin/env python3
"""Runs Prometheus, the Alertmanager, exporters and nginx with the files in `deploy`.

    monitoring.py addresses            the Alertmanager does not start without addresses for notifications
    monitoring.py alertmanager         notifications, their receivers, and inhibition
    monitoring.py prometheus BINARY    targets are scraped, every rule works, and failures are reported

Servers listen on free ports of 127.0.0.1 and are stopped at the end. Slack and the receiver of the dead man's switch are
stubs.
"""

import contextlib
import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"

# Timeout of conditions and requests, in seconds.
TIMEOUT = 60

# Poll interval of conditions, in seconds.
POLL_INTERVAL = 0.1


def eventually(what, poll):
    """Calls `poll` until it returns a true value, and returns that value."""
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        found = poll()
        if found:
            return found
        time.sleep(POLL_INTERVAL)
    raise AssertionError(f"timeout after {TIMEOUT} s: {what}")


def equal(actual, expected, what):
    if actual != expected:
        raise AssertionError(f"{what}: {actual!r} is not {expected!r}")


def call(url, body=None, method=None):
    """Sends a request and returns the JSON of the response, or None if the response has no body."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
        text = response.read()
    return json.loads(text) if text else None


def is_ready(url):
    """Returns True if `url` responds with success."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT):
            return True
    except OSError:
        return False


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def program(*names):
    """Returns the path of the first installed program among `names`."""
    found = next(filter(None, map(shutil.which, names)), None)
    return found or sys.exit(f"{' or '.join(names)} is not installed")


def change(file, *changes):
    """Replaces patterns in a file. A missing pattern is an error, because the check would run with another configuration."""
    text = file.read_text()
    for pattern, replacement in changes:
        text, count = re.subn(pattern, replacement, text)
        equal(count > 0, True, f"{file.name} contains {pattern!r}")
    file.write_text(text)


class Slack:
    """A stub of Slack and of the receiver of the dead man's switch. It records messages and heartbeats."""

    def __init__(self, stack):
        self.messages = []
        self.heartbeats = []
        # Slack answers 404 if a webhook was revoked.
        self.is_revoked = False
        slack = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                is_heartbeat = self.path == "/deadman"
                is_refused = slack.is_revoked and not is_heartbeat
                if not is_refused:
                    (slack.heartbeats if is_heartbeat else slack.messages).append(body)
                self.send_response(404 if is_refused else 200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                # The Alertmanager repeats the request after any other body.
                self.wfile.write(b"ok")

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        stack.callback(server.shutdown)
        self.url = f"http://127.0.0.1:{server.server_port}/"

    def titles(self):
        """Returns the channel and the title of each message."""
        return [(message["channel"], message["attachments"][0]["title"]) for message in self.messages]

    def text(self, title):
        """Returns the text of the last message with this title."""
        for message in reversed(self.messages):
            if message["attachments"][0]["title"] == title:
                return message["attachments"][0]["text"]
        return None

    def wait_for(self, title):
        return eventually(f"a message with the title {title}", lambda: self.text(title))


def stop(process):
    """Stops a server with SIGTERM, because SIGKILL would leave the workers of nginx running."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def start(stack, directory, command, ready, **environment):
    """Starts a server and waits until it is ready. Returns its process and its log. `stack` stops the server."""
    log = directory / "log"
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=directory, env=environment)

    def has_started():
        if process.poll() is not None:
            raise AssertionError(f"{command[0]} has exited:\n{log.read_text()}")
        return is_ready(ready)

    stack.callback(stop, process)
    eventually(f"{command[0]} is ready", has_started)
    return process, log


class Alertmanager:
    """The installed Alertmanager with the provided configuration, except for intervals and addresses."""

    def __init__(self, stack, directory, slack):
        directory = directory / "alertmanager"
        shutil.copytree(DEPLOY / "alertmanager", directory)
        config = directory / "alertmanager.yml"
        (directory / "slack_webhook_url").write_text(slack.url)
        (directory / "deadman_url").write_text(f"{slack.url}deadman")
        change(
            config,
            (r"/run/secrets/", f"{directory}/"),
            (r"(group_wait|group_interval): 10s", r"\1: 1s"),
            (r"group_interval: 1m", "group_interval: 1s"),
            (r"repeat_interval: 2m", "repeat_interval: 1s"),
        )
        port = free_port()
        self.authority = f"127.0.0.1:{port}"
        self.url = f"http://{self.authority}"
        command = [
            "/bin/sh",
            str(directory / "start.sh"),
            f"--config.file={config}",
            f"--storage.path={directory}/data",
            f"--web.listen-address={self.authority}",
            # An empty address disables the search for other members of a cluster.
            "--cluster.listen-address=",
        ]
        environment = {"SECRETS": str(directory), "ALERTMANAGER": program("alertmanager"), "PATH": os.environ["PATH"]}
        start(stack, directory, command, f"{self.url}/-/ready", **environment)

    def send(self, *alerts):
        """Sends alerts in one request, as Prometheus does."""
        call(f"{self.url}/api/v2/alerts", alerts)

    def states(self):
        """Returns the state of each alert (active or suppressed), by name, severity and instance."""
        states = {}
        for alert in call(f"{self.url}/api/v2/alerts"):
            labels = alert["labels"]
            key = (labels["alertname"], labels.get("severity"), labels.get("instance"))
            states[key] = alert["status"]["state"]
        return states

    def flush(self, slack, name):
        """Sends another alert and waits for its notification, so that all earlier notifications have been sent."""
        tool = [program("amtool"), f"--alertmanager.url={self.url}", "alert", "add", name, "severity=warning"]
        subprocess.run([*tool, '--annotation=summary="It arrives"'], check=True, timeout=TIMEOUT)
        equal("It arrives" in slack.wait_for(f"{name} (firing)"), True, "the text of the message")


def alert(name, severity, instance=None, task=None, **more):
    """Returns an alert as Prometheus sends it."""
    labels = {"alertname": name, "severity": severity, "instance": instance, "task": task}
    labels = {label: value for label, value in labels.items() if value}
    where = f"{name} at {instance}"
    return {"labels": labels, "annotations": {"summary": where, "description": "It is bad.", "runbook": "#"}, **more}


def addresses(_, directory):
    """start.sh reports each secret without a valid address and does not start the Alertmanager."""
    script = DEPLOY / "alertmanager/start.sh"
    environment = {"SECRETS": str(directory), "ALERTMANAGER": "/bin/echo", "PATH": os.environ["PATH"]}
    slack, deadman = directory / "slack_webhook_url", directory / "deadman_url"

    def run():
        command = ["/bin/sh", str(script), "started"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout.strip(), re.findall(r"secrets/(\w+) does not", done.stderr)

    both = (1, "", ["slack_webhook_url", "deadman_url"])
    equal(run(), both, "without secrets")
    for text in ("", "\n", "https://hooks.slack.com/services/none\n", "hooks.slack.com/services/T1", "https://"):
        slack.write_text(text)
        deadman.write_text(text)
        equal(run(), both, f"with {text!r}")
    slack.write_text("https://hooks.slack.com/services/T1/B1/x\n")
    equal(run(), (1, "", ["deadman_url"]), "without the dead man's switch")
    deadman.write_text("https://hc-ping.com/00000000-0000-4000-8000-000000000000\n")
    equal(run(), (0, "started", []), "with both")

    # make-secrets.sh does not create these addresses, and removes the placeholder of earlier versions.
    copy = directory / "deploy"
    copy.mkdir()
    shutil.copy(DEPLOY / "make-secrets.sh", copy)
    make = [str(copy / "make-secrets.sh")]
    for _ in range(2):
        done = subprocess.run(make, capture_output=True, text=True, check=True)
        equal(re.findall(r"missing .*secrets/(\w+)", done.stderr), ["slack_webhook_url", "deadman_url"], "missing secrets")
        equal((copy / "secrets/slack_webhook_url").exists(), False, "a placeholder exists")
        (copy / "secrets/slack_webhook_url").write_text("https://hooks.slack.com/services/none\n")


def alertmanager(stack, directory):
    """Receivers get one notification for several instances, and none for consequences of another alert."""
    slack = Slack(stack)
    manager = Alertmanager(stack, directory, slack)

    # The alert that an instance is down suppresses the alert that it is slow.
    manager.send(
        alert("ServiceDown", "critical", "one"),
        alert("SlowAnswers", "warning", "one"),
        alert("SlowAnswers", "warning", "two"),
        alert("SlowAnswers", "warning", "three"),
        alert("HighErrorRate", "critical", "two"),
        alert("HighErrorRate", "warning", "two"),
        alert("GoodToKnow", "info", "two"),
        alert("Watchdog", "none"),
    )
    manager.flush(slack, "Test")
    equal(
        sorted(slack.titles()),
        [
            ("#alerts", "GoodToKnow (firing)"),
            ("#alerts", "SlowAnswers (firing)"),
            ("#alerts", "Test (firing)"),
            ("#critical-alerts", "HighErrorRate (firing)"),
            ("#critical-alerts", "ServiceDown (firing)"),
        ],
        "notifications",
    )
    text = slack.text("SlowAnswers (firing)")
    equal(re.findall(r"at (\w+)", text), ["three", "two"], "instances in one message")
    states = manager.states()
    suppressed = {key for key, state in states.items() if state == "suppressed"}
    equal(suppressed, {("SlowAnswers", "warning", "one"), ("HighErrorRate", "warning", "two")}, "suppressed alerts")

    # The dead man's switch is repeated, and does not appear in Slack.
    eventually("repeated heartbeats", lambda: len(slack.heartbeats) > 2)
    names = {one["labels"]["alertname"] for heartbeat in slack.heartbeats for one in heartbeat["alerts"]}
    equal(names, {"Watchdog"}, "alerts in heartbeats")

    # The instance runs again and is still slow.
    ended = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    manager.send(alert("ServiceDown", "critical", "one", endsAt=ended))
    slack.wait_for("ServiceDown (resolved)")
    eventually("the alert of the slow instance", lambda: "at one" in slack.text("SlowAnswers (firing)"))

    # Consequences of an outage of all instances, of nginx, of Redis and of AniLibria.
    slack.messages.clear()
    manager.send(
        alert("AllInstancesDown", "critical"),
        alert("ServiceDown", "critical", "four"),
        alert("ErrorBudgetBurn", "critical"),
        alert("RollbackErrorRate", "critical"),
        alert("NginxDown", "critical", "http://nginx:8080/health"),
        alert("SiteUnreachable", "critical", "http://nginx:8080/titles"),
        alert("RedisDown", "warning", "redis-exporter:9121"),
        alert("LeaderMissing", "warning", task="events"),
        alert("AnilibriaAPIDown", "critical", "two"),
        alert("SyncStalled", "warning", "two"),
        alert("CircuitBreakerOpen", "warning", "five"),
        alert("CacheErrors", "warning", "five"),
    )
    manager.flush(slack, "Another")
    notifications = {name for name in slack.titles() if not name[1].startswith(("SlowAnswers", "ServiceDown (res"))}
    equal(
        notifications,
        {
            ("#critical-alerts", "AllInstancesDown (firing)"),
            ("#critical-alerts", "AnilibriaAPIDown (firing)"),
            ("#critical-alerts", "NginxDown (firing)"),
            ("#alerts", "RedisDown (firing)"),
            ("#alerts", "CacheErrors (firing)"),
            ("#alerts", "Another (firing)"),
        },
        "notifications",
    )


class Redis:
    """A Redis with little memory and a password, and its exporter."""

    def __init__(self, stack, directory):
        directory = directory / "redis"
        directory.mkdir()
        self.port, exporter = free_port(), free_port()
        self.authority = f"127.0.0.1:{exporter}"
        self.password = "s3cret"
        log = (directory / "redis.log").open("w")
        options = f"--port {self.port} --bind 127.0.0.1 --save --maxmemory 4mb --maxmemory-policy allkeys-lru"
        command = [program("redis-server"), *options.split(), "--requirepass", self.password]
        # An empty value of `--save` disables snapshots.
        command.insert(command.index("--save") + 1, "")
        self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=directory)
        stack.callback(stop, self.process)
        eventually("Redis is ready", self.answers)
        # The format that make-secrets.sh writes.
        passwords = directory / "redis_exporter"
        passwords.write_text(json.dumps({f"redis://127.0.0.1:{self.port}": self.password}))
        environment = {"REDIS_ADDR": f"redis://127.0.0.1:{self.port}", "REDIS_PASSWORD_FILE": str(passwords)}
        command = [program("redis_exporter", "prometheus-redis-exporter"), f"--web.listen-address={self.authority}"]
        start(stack, directory, command, f"http://{self.authority}/health", **environment)

    def answers(self):
        with contextlib.suppress(OSError):
            return self.send([["PING"]]).endswith(b"+PONG\r\n")

    def send(self, commands):
        """Authenticates, sends commands, and returns the replies."""
        commands = [["AUTH", self.password], *commands]
        words = [b"*%d\r\n" % len(command) + b"".join(bulk(word) for word in command) for command in commands]
        with socket.create_connection(("127.0.0.1", self.port), TIMEOUT) as stream:
            stream.sendall(b"".join(words))
            replies = b""
            while replies.count(b"\r\n") < len(commands):
                replies += stream.recv(4096)
            return replies

    def overfill(self):
        """Stores twice as much data as the memory limit."""
        self.send([["SET", f"key-{number}", "x" * 100_000] for number in range(80)])


def bulk(word):
    return b"$%d\r\n%s\r\n" % (len(word.encode()), word.encode())


def start_nginx(stack, directory, service):
    """Starts nginx with the provided configuration, except for addresses and directories. Returns process and authority."""
    directory = directory / "nginx"
    shutil.copytree(DEPLOY / "nginx", directory)
    port = free_port()
    change(
        directory / "nginx.conf",
        (r"include /etc/nginx/mime.types;", ""),
        (r" /tmp/", f" {directory}/"),
        (r"/dev/stdout", f"{directory}/access.log"),
        (r"/dev/stderr", "stderr"),
    )
    change(directory / "anilibria/hosts.conf", (r"anilibria-\d:8000", f"127.0.0.1:{service}"))
    change(directory / "anilibria/cache_path.conf", (r"/var/cache/nginx", str(directory)))
    change(directory / "anilibria/listen.conf", (r"listen 8080;", f"listen 127.0.0.1:{port};"))
    # If root starts nginx, its workers run as another user, who cannot read the directory.
    user = " user root root;" if os.geteuid() == 0 else ""
    command = [program("nginx"), "-p", str(directory), "-c", "nginx.conf", "-e", "stderr", "-g", f"daemon off;{user}"]
    process, _ = start(stack, directory, command, f"http://127.0.0.1:{port}/health")
    return process, f"127.0.0.1:{port}"


def start_blackbox(stack, directory):
    """Starts the blackbox exporter with the provided configuration. Returns its authority."""
    directory = directory / "blackbox"
    directory.mkdir()
    authority = f"127.0.0.1:{free_port()}"
    config = DEPLOY / "blackbox/blackbox.yml"
    names = program("blackbox_exporter", "prometheus-blackbox-exporter")
    command = [names, f"--config.file={config}", f"--web.listen-address={authority}"]
    start(stack, directory, command, f"http://{authority}/-/healthy")
    return authority


def prometheus(stack, directory, binary):
    """Failures of Redis, nginx, AniLibria and the service are reported to Slack."""
    slack = Slack(stack)
    manager = Alertmanager(stack, directory, slack)
    service = directory / "service"
    service.mkdir()
    port = free_port()
    command = [str(Path(binary).resolve()), "--sandbox", "--port", str(port)]
    # A cache level that does not fail.
    cache = str(service / "cache")
    instance, _ = start(stack, service, command, f"http://127.0.0.1:{port}/live", CACHE_DIR=cache)

    redis = Redis(stack, directory)
    nginx, site = start_nginx(stack, directory, port)
    blackbox = start_blackbox(stack, directory)

    directory = directory / "prometheus"
    shutil.copytree(DEPLOY / "prometheus", directory)
    authority = f"127.0.0.1:{free_port()}"
    change(
        directory / "prometheus.yml",
        # The instance is a target under two names.
        (r"anilibria-1:8000, anilibria-2:8000", f"127.0.0.1:{port}, localhost:{port}"),
        (r"alertmanager:9093", manager.authority),
        (r"localhost:9090", authority),
        (r"nginx:8080", site),
        (r"blackbox:9115", blackbox),
        (r"redis-exporter:9121", redis.authority),
        (r"(interval): 15s", r"\1: 1s"),
        (r"scrape_timeout: 10s", "scrape_timeout: 1s"),
    )
    quick = "ServiceDown|AllInstancesDown|AllCircuitBreakersOpen|NginxDown|SiteUnreachable|RedisDown|RedisEvictions"
    quick += "|AlertmanagerNotificationsFailing"
    pattern = rf"(alert: (?:{quick})\n(?:.*\n)+?\s+for:) \w+"
    # A single late scrape on a busy machine must not fire an alert.
    change(directory / "rules/alerts.yml", (pattern, r"\1 3s"))
    # Prometheus evaluates its rules for up to five seconds before it scrapes a target. Then no instance is up.
    rules_directory, later = directory / "rules", directory / "rules-later"
    rules_directory.rename(later)
    command = [
        program("prometheus"),
        f"--config.file={directory}/prometheus.yml",
        f"--storage.tsdb.path={directory}/data",
        f"--web.listen-address={authority}",
        # The first notification is lost if Prometheus has not found the Alertmanager yet.
        "--rules.alert.resend-delay=1s",
        "--web.enable-lifecycle",
    ]
    _, log = start(stack, directory, command, f"http://{authority}/-/ready")

    def targets():
        found = call(f"http://{authority}/api/v1/targets")["data"]["activeTargets"]
        return sorted((target["labels"]["job"], target["health"]) for target in found)

    jobs = ["alertmanager", *["anilibria-probe"] * 2, *["anilibria-python-service"] * 2, "prometheus", "redis"]
    up = [(job, "up") for job in jobs]
    eventually("all targets are up", lambda: targets() == up)
    later.rename(rules_directory)
    urllib.request.urlopen(f"http://{authority}/-/reload", data=b"", timeout=10).close()

    def rules():
        groups = call(f"http://{authority}/api/v1/rules")["data"]["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        return rules if rules and all(rule["health"] != "unknown" for rule in rules) else None

    found = eventually("every rule is evaluated", rules)
    wrong = [(rule["name"], rule.get("lastError")) for rule in found if rule["health"] != "ok"]
    equal(wrong, [], "failing rules")
    written = "".join(file.read_text() for file in (directory / "rules").glob("*.yml"))
    equal(len(found), len(re.findall(r"- (?:alert|record): ", written)), "number of rules")

    def managers():
        found = call(f"http://{authority}/api/v1/alertmanagers")["data"]["activeAlertmanagers"]
        return [one["url"] for one in found]

    eventually("Prometheus knows the Alertmanager", lambda: managers() == [f"{manager.url}/api/v2/alerts"])
    eventually("a heartbeat", lambda: slack.heartbeats)
    equal(slack.titles(), [], "messages while nothing fails")

    def series(selector):
        found = call(f"http://{authority}/api/v1/query?query={urllib.parse.quote(selector)}")["data"]["result"]
        return [float(one["value"][1]) for one in found]

    # The series must exist: an alert on a missing series never fires.
    eventually("probes through nginx", lambda: series('probe_success{job="anilibria-probe"}') == [1, 1])
    eventually("Redis", lambda: series('redis_up{job="redis"}') == [1])
    equal(series('redis_evicted_keys_total{job="redis"}'), [0], "evicted keys")
    failed = 'sum by (integration) (alertmanager_notifications_failed_total{job="alertmanager",integration="slack"})'
    equal(series(failed), [0], "failed notifications")

    redis.overfill()
    slack.wait_for("RedisEvictions (firing)")
    stop(redis.process)
    slack.wait_for("RedisDown (firing)")

    # A notification that Slack refuses is visible in Prometheus.
    slack.is_revoked = True
    stop(nginx)
    failing = 'ALERTS{alertname="AlertmanagerNotificationsFailing",integration="slack",alertstate="firing"}'
    eventually("failed notifications", lambda: series(failing))
    slack.is_revoked = False
    slack.wait_for("NginxDown (firing)")
    unreachable = ("SiteUnreachable", "critical", f"http://{site}/api/anilibria/v2/titles?limit=1")
    eventually("a suppressed alert", lambda: manager.states().get(unreachable) == "suppressed")

    call(f"http://127.0.0.1:{port}/sandbox/faults", {"error_rate": 1.0}, "PUT")
    for title in range(20):
        # These titles are not cached: each request calls AniLibria until the circuit opens.
        is_ready(f"http://127.0.0.1:{port}/api/anilibria/v2/titles/{990_000 + title}")
    slack.wait_for("AllCircuitBreakersOpen (firing)")

    instance.kill()
    slack.wait_for("AllInstancesDown (firing)")
    down = {("ServiceDown", "critical", f"{host}:{port}"): "suppressed" for host in ("127.0.0.1", "localhost")}
    eventually("suppressed alerts", lambda: down.items() <= manager.states().items())
    errors = [line for line in log.read_text().splitlines() if "level=error" in line.lower()]
    equal(errors, [], "errors of Prometheus")


def main():
    checks = {check.__name__: check for check in (addresses, alertmanager, prometheus)}
    name, *arguments = sys.argv[1:] or [""]
    if name not in checks:
        sys.exit(__doc__)
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        try:
            checks[name](stack, directory, *arguments)
        except AssertionError as wrong:
            sys.exit(f"failed: {wrong}")
    print(f"passed: {name}")


main()
