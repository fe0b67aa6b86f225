
// Connection to the service: WebSocket, or server-sent events if the WebSocket cannot be opened. Reconnects after a failure.

/** Id before that of any event. Resuming from it replays all events that the service stores. */
const BEFORE_ALL = "0000000000000-0000";

/** First and longest delay before a reconnect, in milliseconds. */
const BACKOFF = { first: 1000, longest: 30_000 };

/**
 * One connection at a time. Calls `receive(type, data)` for each message, and `show(state)` with `connecting`, `live` or
 * `reconnecting`.
 */
class Connection {
  #receive;
  #show;
  #choice;
  #last = BEFORE_ALL;
  #failures = 0;
  #transport;
  #timer;

  constructor(choice, { receive, show }) {
    this.#choice = choice;
    this.#receive = receive;
    this.#show = show;
    show("connecting");
    addEventListener("online", () => this.#reconnectNow());
    this.#connect(overSocket, overStream);
  }

  /** Sets the subscriptions: `{ kinds, titles }`. */
  choose(choice) {
    const before = this.#choice;
    this.#choice = choice;
    this.#transport?.choose(before, choice);
  }

  /** Connects with `transport`, and with `fallback` if that cannot be opened. */
  #connect(transport, fallback) {
    let isOpen = false;
    const isReconnect = this.#last !== BEFORE_ALL;
    this.#transport = transport(this.#choice, this.#last, {
      open: () => {
        isOpen = true;
        this.#show("live");
      },
      message: (type, data) => {
        // A refused client receives an error before the connection closes. The delay must keep growing then.
        if (type !== "error") this.#failures = 0;
        if (data.event_id > this.#last) this.#last = data.event_id;
        // After the first connect the replay is incomplete by design: no event was missed.
        if (type !== "resumed" || isReconnect) this.#receive(type, data);
      },
      end: () => {
        this.#transport = undefined;
        if (!isOpen && fallback) this.#connect(fallback);
        else this.#wait();
      },
    });
  }

  #wait() {
    this.#show("reconnecting");
    const longest = Math.min(BACKOFF.first * 2 ** this.#failures, BACKOFF.longest);
    this.#failures += 1;
    // The jitter spreads the reconnects of all pages.
    const delay = longest * (0.5 + Math.random() / 2);
    this.#timer = setTimeout(() => this.#connect(overSocket, overStream), delay);
  }

  /** Ends the delay before a reconnect. */
  #reconnectNow() {
    if (this.#transport) return;
    clearTimeout(this.#timer);
    this.#connect(overSocket, overStream);
  }
}

/** Receives events over a WebSocket. */
function overSocket(choice, last, { open, message, end }) {
  const address = new URL("ws", location.href);
  address.protocol = address.protocol.replace("http", "ws");
  const socket = new WebSocket(address);
  const send = (type, data) => socket.send(JSON.stringify({ type, data }));
  const apply = (before, now) => {
    send("subscribe_updates", { types: now.kinds });
    for (const id of before.titles) if (!now.titles.includes(id)) send("unsubscribe_title", { title_id: id });
    for (const id of now.titles) if (!before.titles.includes(id)) send("subscribe_title", { title_id: id });
  };
  let latest = choice;
  socket.addEventListener("open", () => {
    open();
    apply({ titles: [] }, latest);
    send("resume", { last_event_id: last });
  });
  socket.addEventListener("message", (frame) => {
    const { type, data } = JSON.parse(frame.data);
    message(type, data);
  });
  socket.addEventListener("close", end);
  return {
    choose(before, now) {
      latest = now;
      if (socket.readyState === WebSocket.OPEN) apply(before, now);
    },
  };
}

/**
 * Receives server-sent events. Uses `fetch`, because `EventSource` cannot send `Last-Event-ID` with its first request, and
 * other subscriptions need a new request.
 */
function overStream(choice, last, { open, message, end }) {
  const address = new URL("events", location.href);
  for (const kind of choice.kinds) address.searchParams.append("types", kind);
  for (const id of choice.titles) address.searchParams.append("title_id", id);
  const abort = new AbortController();
  const read = async () => {
    const headers = { accept: "text/event-stream", "last-event-id": last };
    const response = await fetch(address, { headers, signal: abort.signal, cache: "no-store" });
    if (!response.ok) return;
    open();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
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
  read().catch(() => {}).then(end);
  return { choose: () => abort.abort() };
}
