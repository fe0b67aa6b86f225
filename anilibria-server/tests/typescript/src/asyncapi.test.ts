// The AsyncAPI document of the running service, as a tool sees it that knows nothing of the service.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Parser } from "@asyncapi/parser";

import { origin } from "./service.js";

/** Diagnostics up to this one are errors and warnings; beyond are hints, such as that there is a newer AsyncAPI. */
const WARNING = 1;

for (const form of ["yaml", "json"]) {
  test(`asyncapi.${form} is valid, and there is nothing to warn of`, async () => {
    const answer = await fetch(`${origin}/api/anilibria/v2/asyncapi.${form}`);
    assert.equal(answer.status, 200);

    const { document, diagnostics } = await new Parser().parse(await answer.text());

    assert.deepEqual(diagnostics.filter(({ severity }) => severity <= WARNING), []);
    assert.equal(document?.version(), "3.0.0");
    assert.deepEqual(document?.operations().all().map((operation) => operation.id()), ["command", "event", "reply"]);
  });
}
