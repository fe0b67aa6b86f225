// The documentation page in a browser.

import assert from "node:assert/strict";
import { test } from "node:test";

import type { Page } from "puppeteer-core";

import { appear, assertFits, screenshot, visit } from "./browser.js";
import { data, origin, site } from "./service.js";

/** Operations about titles, the first group. The response of the group of events has no end. */
const TITLES = ".opblock[id^=operations-Titles-]";

const DOCS = `${origin}/api/anilibria/v2/docs`;

/** Sends the request of an operation, and returns the status and the body of the response. */
async function execute(page: Page, operation: string): Promise<[status: string, body: string]> {
  await page.locator(`${operation} .execute`).click();
  const answer = await page.waitForSelector(`${operation} .live-responses-table`);
  const status = await answer?.$eval(".response .response-col_status", (cell) => cell.textContent);
  const body = await answer?.$eval(".response .highlight-code", (block) => block.textContent);
  return [status ?? "", body ?? ""];
}

async function tryOut(page: Page, operation: string): Promise<void> {
  await page.locator(`${operation} .opblock-summary-control`).click();
  await page.locator(`${operation} .try-out__btn`).click();
}

test("a request can be sent from the page, which uses no other host", async () => {
  const [title] = data(await site.GET("/titles", { params: { query: { limit: 1 } } })).data;
  assert.ok(title);

  await visit(DOCS, async ({ page, requests, errors }) => {
    const operation = "#operations-Titles-getTitle";
    await tryOut(page, operation);
    await page.locator(`${operation} tr[data-param-name="id"] input`).fill(String(title.id));
    const [status, body] = await execute(page, operation);

    assert.match(status, /^200/);
    assert.ok(body.includes(title.names.ru), body);
    assert.ok(requests.includes(`${origin}/api/anilibria/v2/titles/${title.id}`), requests.join(" "));
    assert.deepEqual(requests.filter((address) => new URL(address).origin !== origin), []);
    assert.deepEqual(errors, []);
  });
});

for (const scheme of ["light", "dark"] as const) {
  test(`the first request for titles returns data without any input: ${scheme}`, () =>
    visit(
      DOCS,
      async ({ page, errors }) => {
        await page.waitForSelector(TITLES);
        await screenshot(page, `docs-${scheme}`, false);
        const operation = await page.$eval(TITLES, (block) => `#${block.id}`);
        await tryOut(page, operation);

        const [status, body] = await execute(page, operation);
        await screenshot(page, `docs-${scheme}-executed`, false);

        assert.match(status, /^200/);
        assert.ok(body.includes('"names": {'), body);
        const filter = await page.$eval("html", (root) => getComputedStyle(root).filter);
        assert.equal(filter.includes("invert"), scheme === "dark", filter);
        assert.deepEqual(errors, []);
      },
      (page) => appear(page, { language: "en-US", scheme, device: "desktop" }),
    ));
}

test("the page has a title, an icon and a link to the front page", () =>
  visit(
    DOCS,
    async ({ page }) => {
      await page.waitForSelector(".opblock");

      assert.equal(await page.title(), "AniLibria v2: documentation");
      assert.equal(await page.evaluate(() => document.compatMode), "CSS1Compat");
      const icon = await page.$eval('link[rel="icon"]', (link) => (link as HTMLLinkElement).href);
      assert.equal((await fetch(icon)).status, 200);
      await assertFits(page);
      await page.locator(".bar a").click();
      await page.waitForSelector("#state");
      assert.equal(page.url(), `${origin}/api/anilibria/v2/`);
    },
    (page) => appear(page, { language: "en-US", scheme: "light", device: "phone" }),
  ));
