// Calls every operation of the document through types generated from it.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout } from "node:timers/promises";

import type { components } from "./document.js";
import { called, data, internal, origin, site } from "./service.js";

type Title = components["schemas"]["Title"];

const SEASONS = ["winter", "spring", "summer", "autumn", null];

/** Checks properties of a title that the types do not guarantee at run time. */
function assertTitle(title: Title) {
  assert.ok(Number.isInteger(title.id) && title.id > 0);
  assert.ok(title.names.ru.length > 0);
  assert.ok(SEASONS.includes(title.season));
  assert.ok(title.rating === null || typeof title.rating === "number");
  assert.ok(!Number.isNaN(Date.parse(title.updated_at)));
}

async function anyTitle(): Promise<Title> {
  const [title] = data(await site.GET("/titles", { params: { query: { limit: 1 } } })).data;
  assert.ok(title);
  return title;
}

test("the index links to the documents", async () => {
  const index = data(await site.GET("/"));

  assert.equal(index.name, "anilibria-server");
  const answer = await fetch(new URL(index.links.openapi_yaml, origin));
  assert.equal(answer.status, 200);
});

test("a page of the catalog has the requested size", async () => {
  const query = { page: 2, limit: 3, sort: "year", order: "asc" } as const;

  const page = data(await site.GET("/titles", { params: { query } }));

  assert.equal(page.success, true);
  assert.equal(page.data.length, 3);
  assert.equal(page.pagination.page, 2);
  assert.equal(page.pagination.pages, Math.ceil(page.pagination.total / 3));
  assert.equal(page.meta.source, "anilibria");
  page.data.forEach(assertTitle);
});

test("filters select titles", async () => {
  const { genres, year } = await anyTitle();

  const page = data(await site.GET("/titles", { params: { query: { genres: genres.slice(0, 1), year } } }));

  assert.ok(page.data.length > 0);
  assert.ok(page.data.every((title) => title.year === year && title.genres.includes(genres[0]!)));
});

test("a title has its episodes, and its entity tag is revalidated", async () => {
  const { id } = await anyTitle();

  const answer = await site.GET("/titles/{id}", { params: { path: { id } } });
  const again = await site.GET("/titles/{id}", {
    params: { path: { id }, header: { "If-None-Match": answer.response.headers.get("etag")! } },
    parseAs: "text",
  });

  const title = data(answer).data;
  assert.equal(title.id, id);
  assertTitle(title);
  for (const episode of Object.values(title.player.episodes)) {
    assert.equal(typeof episode.number, "number");
    assert.ok(episode.sources.every(({ url }) => URL.canParse(url)));
  }
  assert.equal(again.response.status, 304);
});

test("a title is found by its ids on other services", async () => {
  const { id, mal_id, shikimori_id } = await anyTitle();
  assert.ok(mal_id !== null && shikimori_id !== null);
  const query = { mal_id: [mal_id, 1], shikimori_id: [shikimori_id] };

  // The catalog is loaded soon after the start.
  let answer = await site.GET("/titles", { params: { query } });
  for (let tries = 0; answer.response.status === 503 && tries < 100; tries += 1) {
    await setTimeout(100);
    answer = await site.GET("/titles", { params: { query } });
  }

  assert.ok(data(answer).data.some((title) => title.id === id));
});

test("pages are linked", async () => {
  const { response } = await site.GET("/titles", { params: { query: { page: 2, limit: 3, year: 2020 } } });

  const link = response.headers.get("link") ?? "";
  assert.match(link, /^<\?limit=3&year=2020&page=3>; rel="next", <\?limit=3&year=2020&page=1>; rel="prev"/);
});

test("an unknown title is an error with a code", async () => {
  const { error, response } = await site.GET("/titles/{id}", { params: { path: { id: 4_000_000_000 } } });

  assert.equal(response.status, 404);
  assert.equal(error?.error.code, "TITLE_NOT_FOUND");
  assert.equal(error.request_id, response.headers.get("x-request-id"));
});

test("an invalid parameter is reported by name", async () => {
  const { error, response } = await site.GET("/search", { params: { query: { q: "a" } } });

  assert.equal(response.status, 400);
  assert.equal(error?.error.details.field, "q");
});

test("an invalid field of a body is reported by name", async () => {
  // @ts-expect-error The document excludes these values.
  const wrong = await internal.POST("/internal/sync/title", { body: { title_id: "7" } });
  // @ts-expect-error The document requires the confirmation.
  const missing = await internal.POST("/internal/cache/clear", { body: { pattern: "genres" } });

  assert.deepEqual([wrong.response.status, missing.response.status], [400, 400]);
  assert.equal(wrong.error?.error.details.field, "title_id");
  assert.equal(missing.error?.error.details.field, "confirm");
});

test("an unknown parameter is reported", async () => {
  // @ts-expect-error The document has no such parameter.
  const { response } = await site.GET("/genres", { params: { query: { pagee: 2 } } });

  assert.equal(response.headers.get("x-unknown-parameters"), "pagee");
});

test("search finds a title by its name", async () => {
  const { id, names } = await anyTitle();

  const found = data(await site.GET("/search", { params: { query: { q: names.ru.slice(0, 100) } } }));

  assert.ok(found.data.some((title) => title.id === id));
});

test("updates and popular titles are pages", async () => {
  const query = { limit: 2 };

  for (const page of [
    data(await site.GET("/updates", { params: { query } })),
    data(await site.GET("/popular", { params: { query } })),
  ]) {
    assert.equal(page.data.length, 2);
    assert.equal(page.pagination.limit, 2);
    page.data.forEach(assertTitle);
  }
});

test("a random title is one title", async () => {
  const answer = await site.GET("/random");

  assertTitle(data(answer).data);
  assert.equal(answer.response.headers.get("etag"), null);
});

test("the schedule is grouped by day", async () => {
  const schedule = data(await site.GET("/schedule", { params: { query: { days: [0, 6] } } })).data;

  assert.deepEqual(schedule.map(({ day }) => day), [0, 6]);
  schedule.flatMap(({ list }) => list).forEach(assertTitle);
});

test("genres are names", async () => {
  const genres = data(await site.GET("/genres")).data;

  assert.ok(genres.length > 0 && genres.every((genre) => typeof genre === "string"));
});

test("events are a stream of future events", async () => {
  const { data: stream, response } = await site.GET("/events", {
    params: { query: { types: ["new_title"] } },
    parseAs: "stream",
  });

  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  await stream?.cancel();
});

test("health, readiness and liveness have their states", async () => {
  const health = data(await site.GET("/health"));
  const ready = data(await site.GET("/ready"));
  const live = data(await site.GET("/live"));

  assert.ok(["healthy", "degraded"].includes(health.status));
  assert.equal(ready.status, "ready");
  assert.equal(live.status, "alive");
});

test("another service syncs a title", async () => {
  const { id } = await anyTitle();

  const body = { title_id: id, force: true, priority: "high" } as const;
  const report = data(await internal.POST("/internal/sync/title", { body })).data;

  assert.equal(report.title_id, id);
  assert.equal(report.synced, true);
});

test("another service reads statistics", async () => {
  const cache = data(await internal.GET("/internal/cache/stats")).data;
  const service = data(await internal.GET("/internal/stats")).data;

  assert.equal(typeof cache.levels.memory?.entries, "number");
  assert.ok(service.requests > 0);
  assert.ok(service.mirrors.length > 0);
});

test("another service clears the cache", async () => {
  const body = { pattern: "genres", confirm: true } as const;
  await site.GET("/genres");

  const posted = data(await internal.POST("/internal/cache/clear", { body })).data;
  const deleted = data(await internal.DELETE("/internal/cache/clear", { body })).data;

  assert.equal(posted.pattern, "genres");
  assert.ok(posted.removed >= 1);
  assert.equal(deleted.removed, 0);
});

test("internal operations are refused without a token", async () => {
  const { error, response } = await internal.GET("/internal/stats", { headers: { authorization: null } });

  assert.equal(response.status, 401);
  assert.equal(error?.error.code, "UNAUTHORIZED");
});

after(async () => {
  const { paths } = (await (await fetch(`${origin}/openapi.json`)).json()) as { paths: Record<string, object> };
  const documented = Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item)
      .filter((key) => key !== "servers")
      .map((method) => `${method} ${path}`),
  );

  assert.deepEqual(documented.filter((operation) => !called.has(operation)), [], "operations that were not called");
});
