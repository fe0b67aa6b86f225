// The running service under test, as clients made from the document see it.

import assert from "node:assert/strict";

import createClient, { type Middleware } from "openapi-fetch";

import type { paths } from "./document.js";

/** Where the routes stand on the site. */
export const BASE = "/api/anilibria/v2";

/** An address of the service, without a slash at its end. */
export const origin = variable("SERVICE_URL");

/** A token of another service. */
export const token = variable("INTERNAL_TOKEN");

/** Operations that were asked for, as `get /titles`. */
export const asked = new Set<string>();

const note: Middleware = {
  onRequest({ request, schemaPath }) {
    asked.add(`${request.method.toLowerCase()} ${schemaPath}`);
  },
};

/** Reads as anybody does. */
export const site = client(BASE);

/** Asks as another service of the site. */
export const internal = client("", { authorization: `Bearer ${token}` });

function client(base: string, headers: Record<string, string> = {}) {
  const client = createClient<paths, "application/json">({ baseUrl: origin + base, headers });
  client.use(note);
  return client;
}

/** The data of an answer; there must be some. */
export function data<T>(answer: { data?: T; error?: unknown; response: Response }): T {
  assert.equal(answer.error, undefined, `${answer.response.status} ${answer.response.url}`);
  assert.ok(answer.data !== undefined, answer.response.url);
  return answer.data;
}

function variable(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} is not set`);
  return value;
}
