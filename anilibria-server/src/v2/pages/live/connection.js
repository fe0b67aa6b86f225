
// Events from the service: over WebSocket, or else as server-sent events, and again after each break.

/** Before the first event: asks for all that the service remembers. */
const BEFORE_ALL = "0000000000000-0000";

/** The first and the longest wait before another attempt, in milliseconds. */
const BACKOFF = { first: 1000, longest: 30_000 };

/**
 * One connection at a time. Calls `hear(type, data)` for each message, and `show(state)` when it is `connecting`, `live` or
 * `reconnecting`.
 */
class Connection {
  #hear;
  #show;
  #choice;
  #last = BEFORE_ALL;
  #failures = 0;
  #way;
  #timer;

  constructor(choice, { hear, show }) {
    this.#choice = choice;
    this.#hear = hear;
    this.#show = show;
    show("connecting");
    addEventListener("online", () => this.#hurry());
    this.#begin(overSocket, overStream);
  }

  /** What to hear of from now on: `{ kinds, titles }`. */
  choose(choice) {
    const before = this.#choice;
    this.#choice = choice;
    this.#way?.choose(before, choice);
  }

  /** Tries `way`; when it cannot even be opened, the `other`. */
  #begin(way, other) {
    let isOpen = false;
    const isReturn = this.#last !== BEFORE_ALL;
    this.#way = way(this.#choice, this.#last, {
      open: () => {
        isOpen = true;
        this.#show("live");
      },
      message: (type, data) => {
        // Whoever is turned away is told so first; that is no success.
        if (type !== "error") this.#failures = 0;
        if (data.event_id > this.#last) this.#last = data.event_id;
        // Only who comes back has missed something.
        if (type !== "resumed" || isReturn) this.#hear(type, data);
      },
      end: () => {
        this.#way = undefined;
        if (!isOpen && other) this.#begin(other);
        else this.#wait();
      },
    });
  }

  #wait() {
    this.#show("reconnecting");
    const longest = Math.min(BACKOFF.first * 2 ** this.#failures, BACKOFF.longest);
    this.#failures += 1;
    // So that all pages do not come back in the same moment.
    const pause = longest * (0.5 + Math.random() / 2);
    this.#timer = setTimeout(() => this.#begin(overSocket, overStream), pause);
  }

  /** Does not wait any longer. */
  #hurry() {
    if (this.#way) return;
    clearTimeout(this.#timer);
    this.#begin(overSocket, overStream);
  }
}

/** Hears of events over WebSocket. */
function overSocket(choice, last, { open, message, end }) {
  const address = new URL("ws", location.href);
  address.protocol = address.protocol.replace("http", "ws");
  const socket = new WebSocket(address);
  const say = (type, data) => socket.send(JSON.stringify({ type, data }));
  const apply = (before, now) => {
    say("subscribe_updates", { types: now.kinds });
    for (const id of before.titles) if (!now.titles.includes(id)) say("unsubscribe_title", { title_id: id });
    for (const id of now.titles) if (!before.titles.includes(id)) say("subscribe_title", { title_id: id });
  };
  let wanted = choice;
  socket.addEventListener("open", () => {
    open();
    apply({ titles: [] }, wanted);
    say("resume", { last_event_id: last });
  });
  socket.addEventListener("message", (frame) => {
    const { type, data } = JSON.parse(frame.data);
    message(type, data);
  });
  socket.addEventListener("close", end);
  return {
    choose(before, now) {
      wanted = now;
      if (socket.readyState === WebSocket.OPEN) apply(before, now);
    },
  };
}

/**
 * Hears of events as server-sent events. Not with `EventSource`: that cannot say where to go on from when it is made anew,
 * as it has to be for another choice.
 */
function overStream(choice, last, { open, message, end }) {
  const address = new URL("events", location.href);
  for (const kind of choice.kinds) address.searchParams.append("types", kind);
  for (const id of choice.titles) address.searchParams.append("title_id", id);
  const breaking = new AbortController();
  const listen = async () => {
    const headers = { accept: "text/event-stream", "last-event-id": last };
    const answer = await fetch(address, { headers, signal: breaking.signal, cache: "no-store" });
    if (!answer.ok) return;
    open();
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const blocks = (text + part.value).split("\n\n");
      text = blocks.pop();
      for (const block of blocks) {
        const fields = new Map(block.split("\n").map((line) => line.split(/: (.*)/s)));
        if (fields.has("event")) message(fields.get("event"), JSON.parse(fields.get("data")));
      }
    }
  };
  listen().catch(() => {}).then(end);
  return { choose: () => breaking.abort() };
}
