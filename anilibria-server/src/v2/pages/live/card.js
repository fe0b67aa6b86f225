
// How an event looks. Whatever comes from the service is put in as text.

/** Names of titles that were looked up, so that none is asked for twice. */
const names = new Map();

/** Most names that are kept. */
const MOST_NAMES = 500;

/** What a title is, from the REST API; `undefined` when there is none. */
function lookUp(id) {
  if (!names.has(id)) {
    if (names.size >= MOST_NAMES) names.delete(names.keys().next().value);
    const answer = fetch(new URL(`titles/${id}`, location.href)).then(async (answer) => {
      if (answer.status === 404) return undefined;
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      return (await answer.json()).data;
    });
    // What is not there may come, and what could not be asked may be asked again.
    answer.then((title) => title || names.delete(id), () => names.delete(id));
    names.set(id, answer);
  }
  return names.get(id);
}

/** An element with a class and a text. */
function element(tag, className, text = "") {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

/** A card that shows an event. */
function card(type, data) {
  const card = element("li", "card");
  card.dataset.kind = type;
  card.dataset.id = data.event_id;
  const frame = element("div", "poster");
  const about = element("div", "about");
  const top = element("div", "top");
  top.append(element("span", "kind", words.kinds[type]), when(data.timestamp));
  const name = element("p", "name", data.title ?? words.title(data.title_id));
  name.lang = "ru";
  about.append(top, name, element("p", "detail", detail(type, data)));
  card.append(frame, about);
  showPoster(frame, data.poster);
  if (data.title === undefined) {
    const fill = (title) => {
      if (!title) return;
      name.textContent = title.names.ru;
      showPoster(frame, title.poster.large ?? title.poster.medium ?? title.poster.small);
    };
    // Without an answer the card stays as it is.
    lookUp(data.title_id).then(fill, () => {});
  }
  return card;
}

/** What there is to say besides the name of the title. */
function detail(type, data) {
  switch (type) {
    case "new_title":
      return data.genres.join(", ");
    case "status_change":
      return [data.old_status, data.new_status].map((status) => words.statuses[status] ?? status).join(" → ");
    default:
      return [words.episode(data.episode.toLocaleString(language)), data.episode_name].filter(Boolean).join(" · ");
  }
}

/** A time in the reader's zone, with the day when it is not today. */
function when(timestamp) {
  const date = new Date(timestamp);
  const isToday = date.toDateString() === new Date().toDateString();
  const day = isToday ? {} : { day: "numeric", month: "long" };
  const format = new Intl.DateTimeFormat(language, { ...day, hour: "numeric", minute: "2-digit" });
  const time = element("time", "time", format.format(date));
  time.dateTime = timestamp;
  time.title = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "long" }).format(date);
  return time;
}

/** Shows a poster, if it is a picture on the web and can be loaded. */
function showPoster(frame, address) {
  if (!/^https?:\/\//.test(address ?? "")) return;
  const picture = document.createElement("img");
  // The name beside it says it all.
  picture.alt = "";
  picture.loading = "lazy";
  picture.addEventListener("error", () => picture.remove());
  picture.src = address;
  frame.replaceChildren(picture);
}
