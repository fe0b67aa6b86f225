
// Suggestions of titles while the reader types a name: a combobox as described by the ARIA authoring practices.

/** Delay between the last keystroke and the search, in milliseconds. */
const SEARCH_DELAY = 250;

/** Minimum length of a searched text, as the API requires. */
const MIN_QUERY = 2;

/** Maximum number of suggestions. */
const MAX_MATCHES = 8;

/** Suggestions for an input. Calls `choose(title)` with `{ id, name }` when the reader picks one. */
class Suggestions {
  #input;
  #list;
  #choose;
  #matches = [];
  #active = -1;
  #timer;
  #abort;

  constructor(input, list, choose) {
    this.#input = input;
    this.#list = list;
    this.#choose = choose;
    input.addEventListener("input", () => this.#schedule());
    input.addEventListener("keydown", (event) => this.#press(event));
    input.addEventListener("blur", () => this.close());
    // The input keeps the focus while an option is clicked.
    list.addEventListener("mousedown", (event) => event.preventDefault());
  }

  /** The suggestion that the arrow keys selected; `undefined` if there is none. */
  get active() {
    return this.#matches[this.#active];
  }

  /** Returns the best match for the text of the input, without the delay. Throws if the service does not answer. */
  async best() {
    const matches = await this.#search();
    this.close();
    return matches[0];
  }

  /** Hides the suggestions and stops the search. */
  close() {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.#show([]);
  }

  #schedule() {
    this.close();
    if (this.#query().length < MIN_QUERY) return;
    this.#timer = setTimeout(async () => {
      // A failed search shows no suggestions. Submitting the form reports the failure.
      this.#show(await this.#search().catch(() => []));
    }, SEARCH_DELAY);
  }

  #query() {
    return this.#input.value.trim();
  }

  /** Returns the matches of the text of the input. A newer search aborts this one. */
  async #search() {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.#abort = new AbortController();
    const address = new URL("search", location.href);
    address.search = new URLSearchParams({ q: this.#query(), limit: MAX_MATCHES, fuzzy: true });
    const response = await fetch(address, { signal: this.#abort.signal });
    if (!response.ok) throw new Error(`status ${response.status}`);
    const { data } = await response.json();
    return data.slice(0, MAX_MATCHES).map(({ id, names, year }) => ({ id, name: names.ru, other: names.en, year }));
  }

  #show(matches) {
    this.#matches = matches;
    const options = matches.map((match, index) => {
      const option = element("li", "", match.name);
      option.id = `match-${index}`;
      option.lang = "ru";
      option.setAttribute("role", "option");
      option.append(element("small", "", [match.year, match.other].filter(Boolean).join(" · ")));
      option.addEventListener("click", () => this.#choose(match));
      return option;
    });
    this.#list.replaceChildren(...options);
    this.#list.hidden = matches.length === 0;
    this.#input.setAttribute("aria-expanded", String(matches.length > 0));
    this.#select(-1);
  }

  /** Marks the option at `index` as selected; -1 for none. */
  #select(index) {
    this.#active = index;
    for (const [place, option] of [...this.#list.children].entries()) {
      option.setAttribute("aria-selected", String(place === index));
    }
    const option = this.#list.children[index];
    if (option) this.#input.setAttribute("aria-activedescendant", option.id);
    else this.#input.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  }

  #press(event) {
    const { length } = this.#matches;
    if (event.key === "Escape" && length > 0) this.close();
    else if (event.key === "ArrowDown" && length > 0) this.#select((this.#active + 1) % length);
    else if (event.key === "ArrowUp" && length > 0) this.#select(this.#active > 0 ? this.#active - 1 : length - 1);
    else return;
    event.preventDefault();
  }
}
