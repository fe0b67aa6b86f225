
// The live events page: subscriptions of the reader, and the events.

/** Maximum number of shown events. The oldest one is removed. */
const MAX_EVENTS = 200;

/** Maximum number of followed titles. Subscribing to all of them must stay below the rate limit of the WebSocket. */
const MAX_FOLLOWED = 30;

/** Key of the stored subscriptions. */
const STORAGE_KEY = "anilibria-live";

const KINDS = ["new_episode", "new_title", "status_change"];

/** Number of a title, as typed by the reader. */
const TITLE_NUMBER = /^[0-9]{1,9}$/;

/** Subscriptions of the reader: kinds of events, and titles as `{ id, name }`. */
const choice = load();

function load() {
  try {
    const { kinds, titles } = JSON.parse(localStorage.getItem(STORAGE_KEY));
    const isTitle = ({ id, name }) => Number.isInteger(id) && id > 0 && typeof name === "string";
    return { kinds: KINDS.filter((kind) => kinds.includes(kind)), titles: titles.filter(isTitle).slice(0, MAX_FOLLOWED) };
  } catch {
    // Nothing is stored, or the stored text has another format.
    return { kinds: [...KINDS], titles: [] };
  }
}

function save() {
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(choice));
  } catch {
    // Without storage the subscriptions last until the page is closed.
  }
}

/** Returns the subscriptions in the form of the service. */
const subscriptions = () => ({ kinds: [...choice.kinds], titles: choice.titles.map(({ id }) => id) });

function receive(type, data) {
  if (Object.hasOwn(words.kinds, type)) showEvent(type, data);
  else if (type === "lagged" || (type === "resumed" && !data.complete)) showNote(words.missed);
  else if (type === "error") showNote(data.message);
}

function showEvent(type, data) {
  const events = find("events");
  // A replay may repeat events that are shown.
  if ([...events.children].some((card) => card.dataset.id === data.event_id)) return;
  const isWanted = choice.kinds.includes(type) || choice.titles.some(({ id }) => id === data.title_id);
  if (!isWanted) return;
  const added = card(type, data);
  added.classList.add("new");
  events.prepend(added);
  while (events.children.length > MAX_EVENTS) events.lastElementChild.remove();
  updateEmpty();
}

/** Shows either the text for an empty list or the button that clears it. */
function updateEmpty() {
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

function showFollowed() {
  const chips = choice.titles.map(({ id, name }) => {
    const chip = document.createElement("li");
    const text = element("span", "", name);
    text.lang = "ru";
    const unfollow = element("button", "", "×");
    unfollow.type = "button";
    unfollow.setAttribute("aria-label", words.unfollow(name));
    unfollow.addEventListener("click", () => {
      choice.titles = choice.titles.filter((title) => title.id !== id);
      applyChoice();
      find("title").focus();
    });
    chip.append(text, unfollow);
    return chip;
  });
  find("titles").replaceChildren(...chips);
}

/** Stores, shows and sends the changed subscriptions. */
function applyChoice() {
  save();
  showFollowed();
  connection.choose(subscriptions());
}

/** Follows a title. Shows the reason if it cannot be followed. */
function follow({ id, name }) {
  suggestions.close();
  const isFollowed = choice.titles.some((title) => title.id === id);
  const isFull = !isFollowed && choice.titles.length >= MAX_FOLLOWED;
  find("refusal").textContent = isFull ? words.tooMany(MAX_FOLLOWED) : "";
  if (isFull) return;
  find("title").value = "";
  if (isFollowed) return;
  choice.titles.push({ id, name });
  applyChoice();
}

/** Follows the title that the reader selected or typed: a suggestion, a number, or the best match of a name. */
async function followTyped() {
  const text = find("title").value.trim();
  if (suggestions.active) return follow(suggestions.active);
  const isNumber = TITLE_NUMBER.test(text);
  if (!isNumber && text.length < MIN_QUERY) return refuse(words.tooShort);
  try {
    const title = isNumber ? await titleNumbered(Number(text)) : await suggestions.best();
    if (title) follow(title);
    else refuse(isNumber ? words.unknownTitle(text) : words.noMatch(text));
  } catch {
    refuse(words.unanswered);
  }
}

/** Returns the title with this number as `{ id, name }`; `undefined` if it does not exist. */
async function titleNumbered(id) {
  suggestions.close();
  const title = await lookUp(id);
  return title && { id, name: title.names.ru };
}

function refuse(reason) {
  find("refusal").textContent = reason;
}

translate(words, `AniLibria: ${words.live}`);
showFollowed();
for (const box of find("kinds").querySelectorAll("input")) {
  box.checked = choice.kinds.includes(box.value);
  box.addEventListener("change", () => {
    const boxes = [...find("kinds").querySelectorAll("input:checked")];
    choice.kinds = boxes.map(({ value }) => value);
    applyChoice();
  });
}
const suggestions = new Suggestions(find("title"), find("matches"), follow);
find("title").addEventListener("input", () => refuse(""));
find("follow").addEventListener("submit", (event) => {
  event.preventDefault();
  followTyped();
});
find("clear").addEventListener("click", () => {
  find("events").replaceChildren();
  updateEmpty();
});
find("choice").open = matchMedia("(min-width: 52rem)").matches;
const connection = new Connection(subscriptions(), { receive, show: showState });
