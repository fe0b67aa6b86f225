
// The section about the sandbox: its account, its calls, and a form that publishes an episode.

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

/** Returns the command that sends a call for release 1. */
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
    const answer = await response.json();
    if (response.ok) showPublished(answer);
    else showResult(false, answer.message);
  } catch {
    showResult(false, words.unanswered);
  }
}

function showPublished({ ordinal, release }) {
  const link = element("a", "", words.watch);
  link.href = find("live").href;
  showResult(true, `${words.published(ordinal.toLocaleString(language), release.name.main)} `, link);
}

/** Shows the result of the last call below the form. */
function showResult(isDone, ...content) {
  find("published").dataset.done = isDone;
  find("published").replaceChildren(...content);
}

// Without an answer the section lacks its list. The state above shows that the service does not answer.
showCalls().catch(() => {});
find("publish").addEventListener("submit", (event) => {
  event.preventDefault();
  publish();
});
