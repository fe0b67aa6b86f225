// The page that shows events as they happen, as a person uses it.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import type { Page } from "puppeteer-core";

import { visit } from "./browser.js";
import { Server } from "./server.js";

const PATH = "/api/anilibria/v2/live";

/** A name that would run as a script, were it not put in as text. */
const HOSTILE = `<img src="x" onerror="document.title = 'taken'"><b>&amp;`;

/** Waits until the page says that it is in this state. */
async function state(page: Page, state: string): Promise<void> {
  await page.waitForSelector(`#state[data-state="${state}"]`);
}

/** Waits for a card with this text, and returns what it says. */
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

/** The names on all cards. */
async function names(page: Page): Promise<(string | null)[]> {
  return page.$$eval(".card .name", (names) => names.map((name) => name.textContent));
}

/** Wants nothing but what is told of one title. */
async function followOnly(page: Page, id: number): Promise<void> {
  await page.$$eval("#kinds input:checked", (boxes) => boxes.forEach((box) => (box as HTMLInputElement).click()));
  await page.locator("#title").fill(String(id));
  await page.locator("#follow button").click();
}

/** Has the page hear these messages, whatever it says. */
async function tell(page: Page, messages: object[]): Promise<void> {
  await page.evaluateOnNewDocument((messages) => {
    class Told extends EventTarget {
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
    Object.assign(globalThis, { WebSocket: Told });
  }, messages);
}

/** Lets no WebSocket be opened, as some proxies do. */
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

test("a new episode shows with its title and poster, and nobody but the host is asked", () =>
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

test("who follows one title sees its events only, and finds it followed again after a reload", () =>
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
      // The service remembers what has happened, and the page what is wanted.
      await card(page, name);
      assert.deepEqual(await names(page), [name]);
      assert.equal(await page.$eval("#titles span", (chip) => chip.textContent), name);
      assert.equal((await page.$$("#kinds input:checked")).length, 0);
    });
  }));

test("a title that does not exist is refused in words", () =>
  Server.with(async (server) => {
    await visit(server.origin + PATH, async ({ page }) => {
      await state(page, "live");

      await followOnly(page, 999_999);

      await page.waitForFunction(() => document.getElementById("refusal")?.textContent === "There is no title 999999.");
      assert.equal((await page.$$("#titles li")).length, 0);
    });
  }));

test("the page comes back when the service does, and shows what happens then", async () => {
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

test("what happened while the service was away shows when it is back, and nothing shows twice", async () => {
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
      // It says so when something was missed.
      assert.equal(await page.$eval("#note", (note) => (note as HTMLElement).hidden), true);
      assert.deepEqual(errors, []);
    });
  } finally {
    await Promise.all([server.end(), upstream.end()]);
    await rm(directory, { recursive: true });
  }
});

test("without WebSocket the same events come as server-sent events", () =>
  Server.with(async (server) => {
    const look = async (page: Page) => {
      await state(page, "live");

      await server.publish(7);

      const name = await server.name(7);
      assert.equal((await card(page, name))[1], name);
    };
    await visit(server.origin + PATH, ({ page }) => look(page), refuseSockets);
  }));

test("a stream of events that broke off goes on from the last one", () =>
  Server.with(async (server) => {
    const data = {
      event_id: "1700000000000-0001", title_id: 7, title: "Имя", poster: null, genres: ["Драма"],
      timestamp: "2023-11-14T22:13:20Z",
    };
    const body = `retry: 3000\n\n:\n\nevent: new_title\nid: ${data.event_id}\ndata: ${JSON.stringify(data)}\n\n`;
    const asked: (string | undefined)[] = [];
    await visit(
      server.origin + PATH,
      async ({ page }) => {
        assert.deepEqual(await card(page, "Имя"), ["New title", "Имя", "Драма"]);
        // The stream has ended, and is asked for again from where it was.
        await page.waitForResponse(() => asked.length > 1);
        assert.deepEqual(asked.slice(0, 2), ["0000000000000-0000", data.event_id]);
        assert.equal((await names(page)).length, 1);
      },
      async (page) => {
        await refuseSockets(page);
        await page.setRequestInterception(true);
        page.on("request", (request) => {
          if (new URL(request.url()).pathname !== "/api/anilibria/v2/events") return void request.continue();
          asked.push(request.headers()["last-event-id"]);
          void request.respond({ contentType: "text/event-stream", body });
        });
      },
    );
  }));

test("names are shown as text, whatever they are", () =>
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
        assert.equal((await page.$$("img, b")).length, 0);
        assert.notEqual(await page.title(), "taken");
        assert.deepEqual(errors, []);
      },
      async (page) => {
        await tell(page, messages);
        await page.setRequestInterception(true);
        page.on("request", (request) => {
          if (!request.url().endsWith("/titles/7")) return void request.continue();
          const data = { names: { ru: HOSTILE }, poster: { small: null, medium: null, large: HOSTILE } };
          void request.respond({ contentType: "application/json", body: JSON.stringify({ data }) });
        });
      },
    );
  }));

test("on a phone nothing is wider than the screen, and a Russian reader reads Russian", () =>
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
        await page.setViewport({ width: 360, height: 740, isMobile: true, hasTouch: true });
        await page.evaluateOnNewDocument(() => {
          Object.defineProperty(navigator, "language", { get: () => "ru-RU" });
        });
        await tell(page, [{ type: "new_title", data }]);
      },
    );
  }));
