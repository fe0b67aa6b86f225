// Validates the AsyncAPI document of the running service with the parser of AsyncAPI.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Parser } from "@asyncapi/parser";

import { origin } from "./service.js";

/** Highest severity number of warnings. Higher numbers are hints, such as a newer version of AsyncAPI. */
const WARNING = 1;

for (const form of ["yaml", "json"]) {
  test(`asyncapi.${form} is valid without warnings`, async () => {
    const answer = await fetch(`${origin}/api/anilibria/v2/asyncapi.${form}`);
    assert.equal(answer.status, 200);

    const { document, diagnostics } = await new Parser().parse(await answer.text());

    assert.deepEqual(diagnostics.filter(({ severity }) => severity <= WARNING), []);
    assert.equal(document?.version(), "3.0.0");
    assert.deepEqual(document?.operations().all().map((operation) => operation.id()), ["command", "event", "reply"]);
  });
}
