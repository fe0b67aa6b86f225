
// The section about the sandbox: its account, its requests, and a form that publishes an episode.

const CONTROL = "/sandbox";

async function showCalls() {
  const response = await fetch(CONTROL, { headers: { accept: "application/json" } });
  const { account, calls } = await response.json();
  find("login").textContent = account.login;
  find("password").textContent = account.password;
  const items = calls.map((call) => {
    const item = document.createElement("li");
    const line = element("p", "command");
    showCommand(line, command(call));
    item.append(element("p", "", words.effects[`${call.method} ${call.path}`] ?? call.effect), line);
    return item;
  });
  find("calls").replaceChildren(...items);
}

/** Returns the shell command that sends a request for release 1. */
function command({ method, path, body }) {
  const parts = ["curl"];
  if (method !== "GET") parts.push("-X", method);
  parts.push(location.origin + path.replace("{id}", "1"));
  if (body !== null) parts.push("-d", `'${JSON.stringify(body).replaceAll("'", String.raw`'\''`)}'`);
  return parts.join(" ");
}

async function publish() {
  const body = JSON.stringify({ release_id: Number(find("release").value) });
  const headers = { accept: "application/json", "content-type": "application/json" };
  try {
    const response = await fetch(`${CONTROL}/episodes`, { method: "POST", headers, body });
    const result = await response.json();
    if (response.ok) showPublished(result);
    else showResult(false, result.message);
  } catch {
    showResult(false, words.unanswered);
  }
}

function showPublished({ ordinal, release }) {
  const link = element("a", "", words.watch);
  link.href = find("live").href;
  showResult(true, `${words.published(ordinal.toLocaleString(language), release.name.main)} `, link);
}

/** Shows the result of the last request below the form. */
function showResult(isDone, ...content) {
  find("published").dataset.done = isDone;
  find("published").replaceChildren(...content);
}

// If the request fails, the section has no list. The state at the top shows that the service does not respond.
showCalls().catch(() => {});
find("publish").addEventListener("submit", (event) => {
  event.preventDefault();
  publish();
});
