#!/usr/bin/env python3
"""Checks that the files in `deploy` agree with each other, with the binary and with the metrics of the service.

    check.py metrics                 dashboards, rules and alerts use existing series and labels
    check.py queries                 prints the queries of the dashboards as rules, for promtool
    check.py alerts                  each alert has a test in which it fires, one in which it does not, and a section in
                                     RUNBOOK.md, which names existing panels
    check.py settings BINARY         .env.example has the settings of the binary with their defaults, and no others
    check.py compose MODEL BINARY    the compose file, as JSON, has pinned images, limits, isolation and known settings
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"

# Series of Prometheus itself and of the exporters in compose.yaml, with their labels, and labels that Prometheus adds.
# monitoring.py checks that the exporters have these series.
SCRAPED = {
    "up": set(),
    "ALERTS": {"alertname", "alertstate", "severity"},
    "probe_success": set(),
    "redis_up": set(),
    "redis_evicted_keys_total": set(),
    "alertmanager_notifications_failed_total": {"integration"},
}
ADDED = {"job", "instance", "__name__"}

# Alerts for which no test of silence is possible.
ALWAYS_FIRING = {"Watchdog"}

# A name with its selector: not a function, not a label in `by (…)`, and not a word of the language.
SERIES = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\b(?!\s*\()(\{[^}]*\})?")
WORDS = {"by", "without", "on", "ignoring", "group_left", "group_right", "and", "or", "unless", "bool", "offset"}
GROUPING = re.compile(r"\b(by|without|on|ignoring)\s*\(([^)]*)\)")
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


class Findings:
    """Failed expectations."""

    def __init__(self):
        self.list = []

    def expect(self, holds, finding):
        if not holds:
            self.list.append(finding)

    def end(self, what):
        for finding in self.list:
            print(f"failed: {finding}")
        if not self.list:
            print(f"passed: {what}")
        return 1 if self.list else 0


def known_series():
    """Returns the labels of every known series by its name."""
    series = dict(SCRAPED)
    for name, metric in json.loads((DEPLOY / "metrics.json").read_text()).items():
        labels = set(metric["labels"])
        if metric["type"] == "histogram":
            series |= {f"{name}_bucket": labels | {"le"}, f"{name}_sum": labels, f"{name}_count": labels}
        else:
            series[name] = labels
    return series


def blocks(text, key):
    """Returns the entries of a YAML list that begin with `- key:`, as (value, text of the entry)."""
    found = re.split(rf"^\s*- {key}: ", text, flags=re.MULTILINE)[1:]
    return [(block.split("\n", 1)[0].strip(), block) for block in found]


def expression(block):
    """Returns the expression of a rule, which is in one line or in further indented lines below."""
    match = re.search(r"^( *)expr: (.*)$", block, re.MULTILINE)
    if not match[2].startswith("|"):
        return match[2].strip("'")
    below = block[match.end() + 1 :].split("\n")
    deeper = len(match[1]) + 1
    lines = []
    for line in below:
        if line.strip() and len(line) - len(line.lstrip()) < deeper:
            break
        lines.append(line.strip())
    return " ".join(lines)


def rules(kind):
    """Yields all rules of a kind (`alert` or `record`), as (file, name, expression)."""
    for file in sorted((DEPLOY / "prometheus/rules").glob("*.yml")):
        for name, block in blocks(file.read_text(), kind):
            block = re.split(r"^\s*- (?:alert|record): ", block, flags=re.MULTILINE)[0]
            yield file.name, name, expression(block)


def panels():
    """Yields every query of every dashboard, as (file, panel, expression)."""
    for file in sorted((DEPLOY / "grafana/dashboards").glob("*.json")):
        dashboard = json.loads(file.read_text())
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                yield file.name, panel["title"], target["expr"]
        for annotation in dashboard["annotations"]["list"]:
            yield file.name, annotation["name"], annotation["expr"]
        for variable in dashboard["templating"]["list"]:
            series = re.fullmatch(r"label_values\((.*), \w+\)", variable["query"])
            yield file.name, variable["name"], series[1]


def titles():
    """Yields the titles of every dashboard and every panel, as (file, title)."""
    for file in sorted((DEPLOY / "grafana/dashboards").glob("*.json")):
        dashboard = json.loads(file.read_text())
        yield file.name, dashboard["title"]
        for panel in dashboard["panels"]:
            yield file.name, panel["title"]


def series_of(query):
    """Yields the series of a query as (name, labels of its selector), and its grouping labels with an empty name."""
    query = re.sub(r"\[[^\]]*\]", "", query)
    for grouping in GROUPING.findall(query):
        yield "", {label.strip() for label in grouping[1].split(",") if label.strip()}
    query = GROUPING.sub(" ", query)
    strings = STRING.sub('""', query)
    for name, selector in SERIES.findall(strings):
        if name not in WORDS and not re.match(r"^(?:[0-9.]+|e|Inf|NaN)$", name):
            yield name, set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector or ""))


def metrics():
    findings = Findings()
    known = known_series()
    recorded = {name for _, name, _ in rules("record")}
    queries = [*rules("record"), *rules("alert"), *panels()]
    names = set()
    for file, where, query in queries:
        labels = set(ADDED)
        groupings = []
        for name, used in series_of(query):
            if not name:
                groupings.append(used)
                continue
            names.add(name)
            findings.expect(name in known or name in recorded, f"{file}: {where}: unknown series {name}")
            has = known.get(name, set()) | ADDED
            labels |= has
            findings.expect(used <= has, f"{file}: {where}: {name} has no {', '.join(sorted(used - has))}")
        for used in groupings:
            findings.expect(used <= labels, f"{file}: {where}: groups by {', '.join(sorted(used - labels))}")
    findings.expect(len(queries) > 80 and len(names) > 30, f"only {len(names)} names in {len(queries)} queries")
    return findings.end(f"{len(names)} names in {len(queries)} queries")


def queries():
    values = {"$__rate_interval": "5m", "$job": "anilibria-python-service", "$instance": ".*"}
    written = []
    for number, (_, _, query) in enumerate(panels()):
        for variable, value in values.items():
            query = query.replace(variable, value)
        written.append({"record": f"dashboard:query:{number}", "expr": query})
    # JSON is valid YAML.
    print(json.dumps({"groups": [{"name": "dashboards", "rules": written}]}))
    return 0


def alerts():
    findings = Findings()
    names = {name for _, name, _ in rules("alert")}
    fires, is_silent = set(), set()
    for file in sorted((DEPLOY / "prometheus/tests").glob("*.yml")):
        for _, case in blocks(file.read_text(), "name"):
            for name in re.findall(r"alertname: (\w+)", case):
                (is_silent if "exp_alerts: []" in case else fires).add(name)
    runbook = set(re.findall(r"^### (\w+)$", (DEPLOY / "RUNBOOK.md").read_text(), re.MULTILINE))
    for name in sorted(names):
        findings.expect(name in fires, f"no test in which {name} fires")
        findings.expect(name in is_silent | ALWAYS_FIRING, f"no test in which {name} does not fire")
        findings.expect(name in runbook, f"RUNBOOK.md has no section {name}")
    for file in (DEPLOY / "prometheus/rules").glob("*.yml"):
        for name, block in blocks(file.read_text(), "alert"):
            findings.expect(f'runbook: "RUNBOOK.md#{name.lower()}"' in block, f"{name} has no link to its section")
    known_titles = {"Status → Targets"} | {title for _, title in titles()}
    for name in re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", (DEPLOY / "RUNBOOK.md").read_text()):
        findings.expect(" ".join(name.split()) in known_titles, f"RUNBOOK.md names {name}, which is on no dashboard")
    findings.expect(runbook - names == set(), f"RUNBOOK.md has sections without an alert: {runbook - names}")
    return findings.end(f"{len(names)} alerts")


def settings_of(binary):
    """Returns the settings of the binary with their defaults, from the output of `config`."""
    environment = {"PATH": os.environ["PATH"]}
    printed = subprocess.run([binary, "config"], env=environment, capture_output=True, text=True, check=True)
    lines = re.findall(r"^(\w+): (.*?)  # (.*)$", printed.stdout, re.MULTILINE)
    # A value that is derived from other settings is not a default.
    return {name: "" if origin.startswith("not set") else json.loads(value) for name, value, origin in lines}


def example():
    """Returns the defaults in .env.example by name."""
    return dict(re.findall(r"^#?([A-Z][A-Z0-9_]*)=(.*)$", (DEPLOY / ".env.example").read_text(), re.MULTILINE))


def interpolated():
    """Returns the variables that the compose file interpolates, with their defaults."""
    return dict(re.findall(r"\$\{([A-Z0-9_]+):-([^}]*)\}", (DEPLOY / "compose.yaml").read_text()))


def settings(binary):
    findings = Findings()
    real, shown, compose = settings_of(binary), example(), interpolated()
    for name in sorted((real | compose).keys() - shown.keys()):
        findings.expect(False, f".env.example lacks {name}")
    for name, value in shown.items():
        default = real.get(name, compose.get(name))
        findings.expect(default is not None, f".env.example has {name}, which is not used")
        findings.expect(default in (None, value), f".env.example has {name}={value}, but the default is {default!r}")
    return findings.end(f"{len(shown)} settings")


def environment_of(service):
    """Returns the variables of a container. In a merged file they are a list."""
    variables = service.get("environment") or {}
    return variables if isinstance(variables, dict) else dict(line.split("=", 1) for line in variables)


def references(entries):
    """Returns the names of networks, secrets or volumes that a container refers to, without bind mounts."""
    return {one if isinstance(one, str) else one["source"] for one in entries or [] if not is_bind(one)}


def is_bind(entry):
    return isinstance(entry, dict) and entry.get("type") == "bind"


def extra_hosts(service):
    """Returns the additional lines of /etc/hosts in a container: addresses by name."""
    entries = service.get("extra_hosts") or {}
    if isinstance(entries, list):
        return dict(re.split("[=:]", entry, maxsplit=1) for entry in entries)
    return {name: address if isinstance(address, str) else address[0] for name, address in entries.items()}


def upstream_names():
    """Returns the names that nginx resolves at startup."""
    text = (DEPLOY / "nginx/anilibria/hosts.conf").read_text()
    return re.findall(r"^\s+server ([\w-]+):\d+", text, re.MULTILINE)


def compose(model, binary):
    findings = Findings()
    model = json.loads(Path(model).read_text())
    hosts = extra_hosts(model["services"]["nginx"])
    names = upstream_names()
    findings.expect(names, "hosts.conf has no upstream servers")
    for name in names:
        networks = model["services"].get(name, {}).get("networks", {})
        address = (networks.get("site") or {}).get("ipv4_address")
        findings.expect(
            address and hosts.get(name) == address,
            f"compose.yaml: nginx resolves {name} to {hosts.get(name)}, but its address is {address}",
        )
    real = settings_of(binary)
    for name, service in model["services"].items():
        def expect(holds, finding):
            findings.expect(holds, f"compose.yaml: {name}: {finding}")

        expect(re.search(r":v?[0-9]+\.[0-9]", service["image"]), f"the image {service['image']} has no version")
        expect(service.get("read_only"), "its root file system is writable")
        expect(service.get("cap_drop") == ["ALL"], "it has capabilities")
        expect("no-new-privileges:true" in service.get("security_opt", []), "it can gain privileges")
        limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
        expect({"cpus", "memory", "pids"} <= limits.keys(), "it has no limit of cpus, memory or pids")
        expect(service.get("healthcheck", {}).get("test"), "it has no health check")
        expect(service.get("restart") == "unless-stopped", "it is not restarted")
        expect(not service.get("privileged") and "network_mode" not in service, "it is not isolated")
        for part in ("networks", "secrets", "volumes"):
            missing = references(service.get(part)) - model[part].keys()
            expect(not missing, f"undefined {part}: {', '.join(sorted(missing))}")
        missing = set(service.get("depends_on") or []) - model["services"].keys()
        expect(not missing, f"it depends on unknown services: {', '.join(sorted(missing))}")
        if name in ("mongodb", "redis"):
            expect(set(service["networks"]) == {"internal"}, "it is in another network than `internal`")
            expect(not service.get("ports"), "it publishes a port")
        elif name != "nginx":
            open_ports = [port for port in service.get("ports", []) if port.get("host_ip") != "127.0.0.1"]
            expect(not open_ports, "it publishes a port on all interfaces")
        if name.startswith("anilibria-"):
            # Prometheus and nginx use this name.
            for file in ("prometheus/prometheus.yml", "nginx/anilibria/hosts.conf"):
                expect(f"{name}:8000" in (DEPLOY / file).read_text(), f"it is not in {file}")
            unknown = environment_of(service).keys() - real.keys()
            expect(not unknown, f"the binary does not know {', '.join(sorted(unknown))}")
        for variable, value in environment_of(service).items():
            secret = re.search(r"(SECRET|PASSWORD|TOKEN|URI|REDIS_URL)$", variable)
            expect(not secret or not value, f"{variable} has a value instead of a file")
    findings.expect(model["networks"]["internal"].get("internal"), "compose.yaml: the network `internal` is not internal")
    for name, secret in model["secrets"].items():
        findings.expect("/secrets/" in secret.get("file", ""), f"compose.yaml: the secret {name} is not a file")
    return findings.end(f"{len(model['services'])} containers")


def main():
    checks = {check.__name__: check for check in (metrics, queries, alerts, settings, compose)}
    name, *arguments = sys.argv[1:] or [""]
    if name not in checks:
        sys.exit(__doc__)
    sys.exit(checks[name](*arguments))


main()
