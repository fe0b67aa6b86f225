
// The front page: the state of the service, and commands to copy.

/** Interval between two reads of the state, in milliseconds. */
const REFRESH = 10_000;

/** Time for which a button shows that its command was copied, in milliseconds. */
const COPIED = 2000;

/** Name of the circuit breakers of mirrors in the health report. */
const MIRROR = "anilibria_api";

async function refresh() {
  try {
    // An unhealthy service sends the same body with the status 503.
    const response = await fetch(find("health").href, { headers: { accept: "application/json" }, cache: "no-store" });
    showHealth(await response.json());
  } catch {
    showState("unreachable");
  }
}

function showHealth({ status, version, checks, circuit_breakers }) {
  showState(status);
  find("version").textContent = version;
  find("releases").textContent = checks.catalogue.releases.toLocaleString(language);
  const mirrors = circuit_breakers.filter(({ service }) => service === MIRROR);
  const items = mirrors.map(({ host, state }) => {
    const item = element("li", "", host);
    item.dataset.state = state;
    item.append(element("span", "", words.circuits[state] ?? state));
    return item;
  });
  find("mirrors").replaceChildren(...items);
}

function showState(state) {
  find("state").dataset.state = state;
  find("state").textContent = words.states[state] ?? state;
}

/** Shows `text` as a command with a button that copies it. */
function showCommand(line, text) {
  const code = element("code", "", text);
  const copy = element("button", "quiet", words.copy);
  copy.type = "button";
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      copy.textContent = words.copied;
      setTimeout(() => (copy.textContent = words.copy), COPIED);
    } catch {
      // Without permission to write to the clipboard the command is selected for the reader to copy.
      getSelection().selectAllChildren(code);
    }
  });
  line.replaceChildren(code, copy);
}

translate(words, "AniLibria API v2");
showState("loading");
for (const code of document.querySelectorAll("[data-command]")) {
  showCommand(code.parentElement, `curl '${location.origin}${code.dataset.command}'`);
}
refresh();
setInterval(() => document.hidden || refresh(), REFRESH);
