// The live events page in a browser.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import type { Page } from "puppeteer-core";

import { appear, screenshot, visit } from "./browser.js";
import { Server } from "./server.js";

const PATH = "/api/anilibria/v2/live";

/** A name that runs as a script if a page inserts it as markup. */
const HOSTILE = `<img src="x" onerror="document.title = 'taken'"><b>&amp;`;

/** Waits until the page shows this state of its connection. */
async function state(page: Page, state: string): Promise<void> {
  await page.waitForSelector(`#state[data-state="${state}"]`);
}

/** Waits for a card with this text, and returns its kind, name and details. */
async function card(page: Page, text: string): Promise<string[]> {
  const found = await page.waitForFunction(
    (text) => {
      const card = [...document.querySelectorAll(".card")].find((card) => card.textContent?.includes(text));
      return card && [...card.querySelectorAll(".kind, .name, .detail")].map((part) => part.textContent ?? "");
    },
    {},
    text,
  );
  return (await found.jsonValue()) ?? [];
}

/** Returns the names on all cards. */
async function names(page: Page): Promise<(string | null)[]> {
  return page.$$eval(".card .name", (names) => names.map((name) => name.textContent));
}

/** Subscribes to one title only. */
async function followOnly(page: Page, id: number): Promise<void> {
  await page.$$eval("#kinds input:checked", (boxes) => boxes.forEach((box) => (box as HTMLInputElement).click()));
  await page.locator("#title").fill(String(id));
  await page.locator("#follow button").click();
}

/** Replaces the WebSocket of the page by one that delivers these messages. */
async function deliver(page: Page, messages: object[]): Promise<void> {
  await page.evaluateOnNewDocument((messages) => {
    class Scripted extends EventTarget {
      static readonly OPEN = 1;
      readonly readyState = 1;

      constructor() {
        super();
        setTimeout(() => {
          this.dispatchEvent(new Event("open"));
          for (const message of messages) {
            this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(message) }));
          }
        });
      }

      send() {}
    }
    Object.assign(globalThis, { WebSocket: Scripted });
  }, messages);
}

/** Makes every WebSocket of the page fail to open, as some proxies do. */
async function refuseSockets(page: Page): Promise<void> {
  await page.evaluateOnNewDocument(() => {
    class Refused extends EventTarget {
      constructor() {
        super();
        setTimeout(() => this.dispatchEvent(new Event("close")));
      }
    }
    Object.assign(globalThis, { WebSocket: Refused });
  });
}

test("a new episode shows with its title and poster, and the page uses no other host", () =>
  Server.with(async (server) => {
    await visit(server.origin + PATH, async ({ page, requests, errors }) => {
      await state(page, "live");

      const episode = await server.publish(7);

      const name = await server.name(7);
      const [kind, title, detail] = await card(page, name);
      assert.equal(kind, "New episode");
      assert.equal(title, name);
      assert.equal(detail, [`Episode ${episode.ordinal}`, episode.name].filter(Boolean).join(" · "));
      await page.waitForFunction(() => (document.querySelector(".poster img") as HTMLImageElement)?.naturalWidth > 0);
      const { host } = new URL(server.origin);
      assert.deepEqual(requests.filter((address) => new URL(address).host !== host), []);
      assert.ok(requests.includes(`ws://${host}/api/anilibria/v2/ws`), requests.join(" "));
      assert.deepEqual(errors, []);
    });
  }));

test("after following one title, only its events show, also after a reload", () =>
  Server.with(async (server) => {
    await visit(server.origin + PATH, async ({ page }) => {
      await state(page, "live");
      await followOnly(page, 8);
      const name = await server.name(8);
      await page.waitForFunction((name) => document.querySelector("#titles span")?.textContent === name, {}, name);

      await server.publish(7);
      await server.publish(8);

      await card(page, name);
      assert.deepEqual(await names(page), [name]);
      await page.reload();
      // The service replays its events, and the page has stored the subscriptions.
      await card(page, name);
      assert.deepEqual(await names(page), [name]);
      assert.equal(await page.$eval("#titles span", (chip) => chip.textContent), name);
      assert.equal((await page.$$("#kinds input:checked")).length, 0);
    });
  }));

test("a number without a title is refused with a reason", () =>
  Server.with(async (server) => {
    await visit(server.origin + PATH, async ({ page }) => {
      await state(page, "live");

      await followOnly(page, 999_999);

      await page.waitForFunction(() => document.getElementById("refusal")?.textContent === "There is no title 999999.");
      assert.equal((await page.$$("#titles li")).length, 0);
    });
  }));

test("the page reconnects after a restart of the service, and shows new events", async () => {
  let server = await Server.start();
  try {
    await visit(server.origin + PATH, async ({ page, errors }) => {
      await state(page, "live");
      await server.publish(7);
      await card(page, await server.name(7));

      await server.end();
      await state(page, "reconnecting");
      server = await Server.start(server.port);
      await state(page, "live");
      await server.publish(8);

      const name = await server.name(8);
      await card(page, name);
      assert.equal((await names(page)).length, 2);
      assert.deepEqual(errors, []);
    });
  } finally {
    await server.end();
  }
});

test("events during an outage show after it, and none shows twice", async () => {
  const directory = await mkdtemp(join(tmpdir(), "live-"));
  const upstream = await Server.sandbox();
  let server = await Server.start("0", { upstream, directory });
  try {
    await visit(server.origin + PATH, async ({ page, errors }) => {
      await state(page, "live");
      await upstream.publish(7);
      await card(page, await server.name(7));

      await server.end();
      await state(page, "reconnecting");
      await upstream.publish(8);
      server = await Server.start(server.port, { upstream, directory });
      await state(page, "live");
      await card(page, await server.name(8));
      await upstream.publish(9);

      await card(page, await server.name(9));
      assert.deepEqual(await names(page), [await server.name(9), await server.name(8), await server.name(7)]);
      // The note would report missed events.
      assert.equal(await page.$eval("#note", (note) => (note as HTMLElement).hidden), true);
      assert.deepEqual(errors, []);
    });
  } finally {
    await Promise.all([server.end(), upstream.end()]);
    await rm(directory, { recursive: true });
  }
});

test("without WebSocket the page receives server-sent events", () =>
  Server.with(async (server) => {
    const check = async (page: Page) => {
      await state(page, "live");

      await server.publish(7);

      const name = await server.name(7);
      assert.equal((await card(page, name))[1], name);
    };
    await visit(server.origin + PATH, ({ page }) => check(page), refuseSockets);
  }));

test("an interrupted event stream resumes after the last event", () =>
  Server.with(async (server) => {
    const data = {
      event_id: "1700000000000-0001", title_id: 7, title: "Имя", poster: null, genres: ["Драма"],
      timestamp: "2023-11-14T22:13:20Z",
    };
    const body = `retry: 3000\n\n:\n\nevent: new_title\nid: ${data.event_id}\ndata: ${JSON.stringify(data)}\n\n`;
    const lastEventIds: (string | undefined)[] = [];
    await visit(
      server.origin + PATH,
      async ({ page }) => {
        assert.deepEqual(await card(page, "Имя"), ["New title", "Имя", "Драма"]);
        // The stream has ended, and the page requests the events after the last one.
        await page.waitForResponse(() => lastEventIds.length > 1);
        assert.deepEqual(lastEventIds.slice(0, 2), ["0000000000000-0000", data.event_id]);
        assert.equal((await names(page)).length, 1);
      },
      async (page) => {
        await refuseSockets(page);
        await page.setRequestInterception(true);
        page.on("request", (request) => {
          if (new URL(request.url()).pathname !== "/api/anilibria/v2/events") return void request.continue();
          lastEventIds.push(request.headers()["last-event-id"]);
          void request.respond({ contentType: "text/event-stream", body });
        });
      },
    );
  }));

test("names from the service never become markup", () =>
  Server.with(async (server) => {
    const event = { title_id: 7, timestamp: "2023-11-14T22:13:20Z" };
    const messages = [
      { type: "new_episode", data: { ...event, event_id: "1700000000000-0001", episode: 7.5, title: HOSTILE, episode_name: HOSTILE, poster: "javascript:document.title='taken'" } },
      { type: "new_title", data: { ...event, event_id: "1700000000000-0002", title: HOSTILE, genres: [HOSTILE], poster: HOSTILE } },
      { type: "status_change", data: { ...event, event_id: "1700000000000-0003", old_status: HOSTILE, new_status: "completed" } },
      { type: "error", data: { code: "INVALID_MESSAGE", message: HOSTILE } },
    ];
    await visit(
      server.origin + PATH,
      async ({ page, errors }) => {
        await page.waitForFunction(() => document.getElementById("note")?.hidden === false);
        await page.waitForFunction((name) => document.querySelector(".name")?.textContent === name, {}, HOSTILE);
        await followOnly(page, 7);
        await page.waitForSelector("#titles li");

        assert.deepEqual(await names(page), [HOSTILE, HOSTILE, HOSTILE]);
        assert.deepEqual(await page.$$eval(".detail", (details) => details.map((detail) => detail.textContent)), [
          `${HOSTILE} → completed`, HOSTILE, `Episode 7.5 · ${HOSTILE}`,
        ]);
        assert.equal(await page.$eval("#note", (note) => note.textContent), HOSTILE);
        assert.equal(await page.$eval("#titles span", (chip) => chip.textContent), HOSTILE);
        assert.equal((await page.$$(".card img, .card b, .chips img, .chips b")).length, 0);
        assert.notEqual(await page.title(), "taken");
        assert.deepEqual(errors, []);
      },
      async (page) => {
        await deliver(page, messages);
        await page.setRequestInterception(true);
        page.on("request", (request) => {
          if (!request.url().endsWith("/titles/7")) return void request.continue();
          const data = { names: { ru: HOSTILE }, poster: { small: null, medium: null, large: HOSTILE } };
          void request.respond({ contentType: "application/json", body: JSON.stringify({ data }) });
        });
      },
    );
  }));

test("the page fits a phone, and is in Russian for a Russian browser", () =>
  Server.with(async (server) => {
    const long = "Оченьдлинноеназваниебезпробелов".repeat(8);
    const data = { event_id: "1700000000000-0001", title_id: 7, title: long, genres: [long], poster: null, timestamp: "2023-11-14T22:13:20Z" };
    await visit(
      server.origin + PATH,
      async ({ page }) => {
        await card(page, long);
        await page.locator("summary").click();

        assert.equal(await page.$eval("html", (root) => root.scrollWidth), 360);
        assert.equal(await page.$eval("html", (root) => root.lang), "ru");
        assert.equal(await page.$eval("#state", (state) => state.textContent), "В эфире");
      },
      async (page) => {
        await appear(page, { language: "ru-RU", scheme: "light", device: "phone" });
        await deliver(page, [{ type: "new_title", data }]);
      },
    );
  }));

test("the last events show when the page is opened, with links to their titles", () =>
  Server.with(async (server) => {
    const name = await server.name(7);
    await visit(server.origin + PATH, async ({ page }) => {
      await server.publish(7);
      await card(page, name);
    });

    // Another browser without stored data.
    await visit(server.origin + PATH, async ({ page, errors }) => {
      await card(page, name);
      const link = await page.$eval(".card .name a", (link) => (link as HTMLAnchorElement).href);

      const title = await (await fetch(link)).json();

      assert.equal(title.data.names.ru, name);
      assert.deepEqual(errors, []);
    });
  }));

test("a title is followed by its name with the keyboard alone", () =>
  Server.with(async (server) => {
    const name = await server.name(8);
    await visit(server.origin + PATH, async ({ page, requests, errors }) => {
      await state(page, "live");
      await page.focus("#title");
      await page.keyboard.type(name, { delay: 5 });
      await page.waitForFunction((name) => document.querySelector("#matches li")?.textContent?.startsWith(name), {}, name);
      assert.equal(await page.$eval("#title", (input) => input.getAttribute("aria-expanded")), "true");

      await page.keyboard.press("ArrowDown");
      assert.equal(await page.$eval("#title", (input) => input.getAttribute("aria-activedescendant")), "match-0");
      await screenshot(page, "live-search");
      await page.keyboard.press("Enter");

      await page.waitForFunction((name) => document.querySelector("#titles span")?.textContent === name, {}, name);
      assert.equal(await page.$eval("#matches", (list) => (list as HTMLElement).hidden), true);
      assert.equal(await page.$eval("#title", (input) => (input as HTMLInputElement).value), "");
      // The page searches when the reader pauses, not for every key.
      const searches = requests.filter((address) => new URL(address).pathname.endsWith("/search"));
      assert.ok(searches.length < name.length, `${searches.length} searches`);
      assert.deepEqual(errors, []);
    });
  }));

test("suggestions close with Escape, and Enter follows the best match of a name", () =>
  Server.with(async (server) => {
    const name = await server.name(8);
    await visit(server.origin + PATH, async ({ page }) => {
      await state(page, "live");
      await page.locator("#title").fill(name);
      await page.waitForSelector("#matches li");
      await page.keyboard.press("Escape");
      assert.equal(await page.$eval("#matches", (list) => (list as HTMLElement).hidden), true);

      await page.keyboard.press("Enter");
      await page.waitForFunction((name) => document.querySelector("#titles span")?.textContent === name, {}, name);

      await page.locator("#title").fill("zzzzqqqqxxxx");
      await page.keyboard.press("Enter");
      await page.waitForFunction(() => document.getElementById("refusal")?.textContent?.startsWith("No title matches"));
      assert.equal((await page.$$("#titles li")).length, 1);
    });
  }));

for (const scheme of ["light", "dark"] as const) {
  for (const device of ["desktop", "phone"] as const) {
    test(`the page shows events in every appearance: ${scheme}, ${device}`, () =>
      Server.with((server) =>
        visit(
          server.origin + PATH,
          async ({ page, errors }) => {
            await state(page, "live");
            for (const id of [7, 8, 9]) await server.publish(id);
            await page.waitForFunction(() => document.querySelectorAll(".card").length === 3);
            await page.waitForNetworkIdle();
            await screenshot(page, `live-${scheme}-${device}`);

            const ground = await page.$eval("body", (body) => getComputedStyle(body).backgroundColor);
            const [red = 0] = (/\d+/.exec(ground) ?? []).map(Number);
            assert.equal(red < 128, scheme === "dark", ground);
            assert.deepEqual(errors, []);
          },
          (page) => appear(page, { language: "ru-RU", scheme, device }),
        ),
      ));
  }
}
