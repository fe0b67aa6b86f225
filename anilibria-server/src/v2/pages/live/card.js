
// Cards of events.

/** Promises of titles by id, so that each title is requested once. */
const titles = new Map();

/** Maximum number of titles in memory. The oldest one is dropped. */
const MAX_TITLES = 500;

/** Returns a title from the REST API; `undefined` if it does not exist. */
function lookUp(id) {
  if (!titles.has(id)) {
    if (titles.size >= MAX_TITLES) titles.delete(titles.keys().next().value);
    const title = fetch(titleAddress(id)).then(async (response) => {
      if (response.status === 404) return undefined;
      if (!response.ok) throw new Error(`status ${response.status}`);
      return (await response.json()).data;
    });
    // Missing titles and failures are not kept: the next lookup may succeed.
    title.then((title) => title || titles.delete(id), () => titles.delete(id));
    titles.set(id, title);
  }
  return titles.get(id);
}

/** Returns the address of a title in the REST API. */
function titleAddress(id) {
  return new URL(`titles/${encodeURIComponent(id)}`, location.href);
}

/** Returns the card of an event. */
function card(type, data) {
  const card = element("li", "card");
  card.dataset.kind = type;
  card.dataset.id = data.event_id;
  const frame = element("div", "poster");
  const about = element("div", "about");
  const top = element("div", "top");
  top.append(element("span", "kind", words.kinds[type]), when(data.timestamp));
  const name = element("p", "name");
  const link = element("a", "", data.title ?? words.title(data.title_id));
  link.href = titleAddress(data.title_id);
  link.lang = "ru";
  name.append(link);
  about.append(top, name, element("p", "detail", detail(type, data)));
  card.append(frame, about);
  showPoster(frame, data.poster);
  if (data.title === undefined) {
    const fill = (title) => {
      if (!title) return;
      link.textContent = title.names.ru;
      showPoster(frame, title.poster.large ?? title.poster.medium ?? title.poster.small);
    };
    // After a failure the card keeps the number of the title.
    lookUp(data.title_id).then(fill, () => {});
  }
  return card;
}

/** Returns the line below the name of the title. */
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

/** Returns a time in the time zone of the reader, with the day unless it is today. */
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

/** Shows a poster if its address is an HTTP URL. Removes it if it cannot be loaded. */
function showPoster(frame, address) {
  if (!/^https?:\/\//.test(address ?? "")) return;
  const picture = document.createElement("img");
  // The name of the title is next to the poster.
  picture.alt = "";
  picture.loading = "lazy";
  picture.addEventListener("error", () => picture.remove());
  picture.src = address;
  frame.replaceChildren(picture);
}
