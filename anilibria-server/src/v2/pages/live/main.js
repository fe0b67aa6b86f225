
// The page: what the reader chooses, and the events that come.

/** Most events that are shown; the oldest go. */
const MOST_EVENTS = 200;

/** Most titles that are followed, so that subscribing to all stays within what one may say at once. */
const MOST_TITLES = 30;

/** Where the choice is remembered. */
const MEMORY = "anilibria-live";

const KINDS = ["new_episode", "new_title", "status_change"];

const find = (id) => document.getElementById(id);

/** What the reader wants to see: kinds of events, and titles as `{ id, name }`. */
const choice = recall();

function recall() {
  try {
    const { kinds, titles } = JSON.parse(localStorage.getItem(MEMORY));
    const isTitle = ({ id, name }) => Number.isInteger(id) && id > 0 && typeof name === "string";
    return { kinds: KINDS.filter((kind) => kinds.includes(kind)), titles: titles.filter(isTitle).slice(0, MOST_TITLES) };
  } catch {
    // Nothing was remembered, or nothing that can be used.
    return { kinds: [...KINDS], titles: [] };
  }
}

function remember() {
  try {
    localStorage.setItem(MEMORY, JSON.stringify(choice));
  } catch {
    // The page works without, until it is closed.
  }
}

/** The choice as the service wants it. */
const wanted = () => ({ kinds: [...choice.kinds], titles: choice.titles.map(({ id }) => id) });

function hear(type, data) {
  if (Object.hasOwn(words.kinds, type)) showEvent(type, data);
  else if (type === "lagged" || (type === "resumed" && !data.complete)) showNote(words.missed);
  else if (type === "error") showNote(data.message);
}

function showEvent(type, data) {
  const events = find("events");
  // It may be told again after a break.
  if ([...events.children].some((card) => card.dataset.id === data.event_id)) return;
  const isWanted = choice.kinds.includes(type) || choice.titles.some(({ id }) => id === data.title_id);
  if (!isWanted) return;
  const added = card(type, data);
  added.classList.add("new");
  events.prepend(added);
  while (events.children.length > MOST_EVENTS) events.lastElementChild.remove();
  showWhetherEmpty();
}

function showWhetherEmpty() {
  const isEmpty = find("events").children.length === 0;
  find("empty").hidden = !isEmpty;
  find("clear").hidden = isEmpty;
}

function showNote(text) {
  find("note").textContent = text;
  find("note").hidden = false;
}

function showState(state) {
  find("state").dataset.state = state;
  find("state").textContent = words.states[state];
  if (state === "live") find("note").hidden = true;
}

function showTitles() {
  const chips = choice.titles.map(({ id, name }) => {
    const chip = document.createElement("li");
    const text = element("span", "", name);
    text.lang = "ru";
    const leave = element("button", "", "×");
    leave.type = "button";
    leave.setAttribute("aria-label", words.leave(name));
    leave.addEventListener("click", () => {
      choice.titles = choice.titles.filter((title) => title.id !== id);
      changed();
      find("title").focus();
    });
    chip.append(text, leave);
    return chip;
  });
  find("titles").replaceChildren(...chips);
}

/** The choice is another one. */
function changed() {
  remember();
  showTitles();
  connection.choose(wanted());
}

/** Follows a title; returns why not, if so. */
async function follow(id) {
  if (choice.titles.some((title) => title.id === id)) return "";
  if (choice.titles.length >= MOST_TITLES) return words.tooMany(MOST_TITLES);
  try {
    const title = await lookUp(id);
    if (!title) return words.unknown(id);
    // Meanwhile it may have been added.
    choice.titles = [...choice.titles.filter((other) => other.id !== id), { id, name: title.names.ru }];
  } catch {
    return words.unanswered;
  }
  changed();
  return "";
}

translate();
showTitles();
for (const box of find("kinds").querySelectorAll("input")) {
  box.checked = choice.kinds.includes(box.value);
  box.addEventListener("change", () => {
    const boxes = [...find("kinds").querySelectorAll("input:checked")];
    choice.kinds = boxes.map(({ value }) => value);
    changed();
  });
}
find("follow").addEventListener("submit", async (event) => {
  event.preventDefault();
  const refusal = await follow(Number(find("title").value));
  find("refusal").textContent = refusal;
  if (!refusal) find("title").value = "";
});
find("clear").addEventListener("click", () => {
  find("events").replaceChildren();
  showWhetherEmpty();
});
find("choice").open = matchMedia("(min-width: 52rem)").matches;
const connection = new Connection(wanted(), { hear, show: showState });
