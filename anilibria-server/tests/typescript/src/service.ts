// Clients of the running service, with types generated from the document.

import assert from "node:assert/strict";

import createClient, { type Middleware } from "openapi-fetch";

import type { paths } from "./document.js";

/** Prefix of the routes on the site. */
export const BASE = "/api/anilibria/v2";

/** Origin of the service, without a trailing slash. */
export const origin = variable("SERVICE_URL");

/** A token of another service. */
export const token = variable("INTERNAL_TOKEN");

/** Called operations, such as `get /titles`. */
export const called = new Set<string>();

const recordCalls: Middleware = {
  onRequest({ request, schemaPath }) {
    called.add(`${request.method.toLowerCase()} ${schemaPath}`);
  },
};

/** A client without a token. */
export const site = client(BASE);

/** A client with the token of another service. */
export const internal = client("", { authorization: `Bearer ${token}` });

function client(base: string, headers: Record<string, string> = {}) {
  const client = createClient<paths, "application/json">({ baseUrl: origin + base, headers });
  client.use(recordCalls);
  return client;
}

/** Returns the data of a response. Fails on an error and on missing data. */
export function data<T>(result: { data?: T; error?: unknown; response: Response }): T {
  assert.equal(result.error, undefined, `${result.response.status} ${result.response.url}`);
  assert.ok(result.data !== undefined, result.response.url);
  return result.data;
}

function variable(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} is not set`);
  return value;
}
