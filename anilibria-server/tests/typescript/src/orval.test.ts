// Calls every operation with the client that orval generates from the OpenAPI 3.1 document.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import * as client from "./orval.js";
import { origin } from "./service.js";

const CLEARED = { pattern: "genres", confirm: true } as const;

/** A call of each operation, by its id. */
const CALLS = {
  listTitles: () => client.listTitles({ limit: 3, genres: ["Драма"] }),
  getTitle: () => client.getTitle(7),
  searchTitles: () => client.searchTitles({ q: "рассвет & ночь / 100%" }),
  listUpdates: () => client.listUpdates({ page: 2, limit: 2 }),
  listPopular: () => client.listPopular(),
  getRandomTitle: () => client.getRandomTitle(),
  getSchedule: () => client.getSchedule({ days: [0, 6] }),
  listGenres: () => client.listGenres(),
  getEvents: () => client.getEvents({ types: ["new_title"] }),
  getIndex: () => client.getIndex(),
  getHealth: () => client.getHealth(),
  getReadiness: () => client.getReadiness(),
  getLiveness: () => client.getLiveness(),
  getCacheStats: () => client.getCacheStats(),
  getStats: () => client.getStats(),
  syncTitle: () => client.syncTitle({ title_id: 7 }),
  clearCache: () => client.clearCache(CLEARED),
  deleteCache: () => client.deleteCache(CLEARED),
};

test("every operation succeeds", async () => {
  for (const [id, call] of Object.entries(CALLS)) {
    const { status, data } = await call();

    assert.equal(status, 200, id);
    assert.ok(data, id);
  }
});

test("every operation is listed", async () => {
  const document = (await (await fetch(`${origin}/openapi-3.1.json`)).json()) as {
    paths: Record<string, Record<string, { operationId?: string }>>;
  };
  const operations = Object.values(document.paths).flatMap((item) => Object.values(item));
  const ids = operations.flatMap(({ operationId }) => operationId ?? []);

  assert.deepEqual(ids.sort(), Object.keys(CALLS).sort());
});

test("no type is any or unknown", async () => {
  const generated = await readFile(new URL("../src/orval.ts", import.meta.url), "utf8");

  assert.deepEqual(generated.match(/[:<|] *(any|unknown)\b.*/g), null);
});

test("all fields of a title are typed", async () => {
  const answer = await client.getTitle(7);
  assert.ok(answer.status === 200);

  const success: true = answer.data.success;
  const rating: number | null = answer.data.data.rating;
  const [episode] = Object.values(answer.data.data.player.episodes);
  const opening: client.Skip | undefined = episode?.opening;

  assert.equal(success, true);
  assert.ok(rating === null || rating >= 0);
  assert.ok(opening !== undefined);
});

test("an error is typed in both forms", async () => {
  const envelope = await client.getTitle(4_000_000_000);
  const details = await client.getTitle(4_000_000_000, { headers: { accept: "application/problem+json" } });

  assert.ok(envelope.status === 404 && "error" in envelope.data);
  assert.ok(details.status === 404 && "detail" in details.data);
  const code: client.ErrorCode = details.data.code;
  assert.deepEqual([envelope.data.error.code, code], ["TITLE_NOT_FOUND", "TITLE_NOT_FOUND"]);
});
