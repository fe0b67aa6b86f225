// The page with the documentation, as a person uses it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { visit } from "./browser.js";
import { data, origin, site } from "./service.js";

test("a title can be tried out on the page, which asks nobody else", async () => {
  const [title] = data(await site.GET("/titles", { params: { query: { limit: 1 } } })).data;
  assert.ok(title);

  await visit(`${origin}/api/anilibria/v2/docs`, async ({ page, requests, errors }) => {
    const operation = "#operations-Titles-getTitle";
    await page.locator(`${operation} .opblock-summary-control`).click();
    await page.locator(`${operation} .try-out__btn`).click();
    await page.locator(`${operation} tr[data-param-name="id"] input`).fill(String(title.id));
    await page.locator(`${operation} .execute`).click();

    const answer = await page.waitForSelector(`${operation} .live-responses-table`);
    const status = await answer?.$eval(".response .response-col_status", (cell) => cell.textContent);
    const body = await answer?.$eval(".response .highlight-code", (block) => block.textContent);
    assert.match(status ?? "", /^200/);
    assert.ok(body?.includes(title.names.ru), body ?? "no body");
    assert.ok(requests.includes(`${origin}/api/anilibria/v2/titles/${title.id}`), requests.join(" "));
    assert.deepEqual(requests.filter((address) => new URL(address).origin !== origin), []);
    assert.deepEqual(errors, []);
  });
});
