// The front page in a browser.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { appear, assertFits, type Appearance, screenshot, visit } from "./browser.js";
import { Server } from "./server.js";

/** Maximum time between a publication and its card, in milliseconds. The poll interval is a second. */
const CARD_TIMEOUT = 10_000;

const ENGLISH: Appearance = { language: "en-US", scheme: "light", device: "desktop" };
const RUSSIAN: Appearance = { ...ENGLISH, language: "ru-RU" };

let server: Server;

before(async () => {
  server = await Server.start();
});

after(() => server.end());

for (const appearance of appearances()) {
  const name = [appearance.language, appearance.scheme, appearance.device].join(" ");
  test(`the front page fits its screen and has one language: ${name}`, () =>
    visit(
      server.origin,
      async ({ page, requests, errors }) => {
        await page.waitForSelector('#state[data-state="healthy"]');
        await page.waitForSelector("#calls li");
        await page.waitForFunction(() => document.getElementById("releases")?.textContent === "300");
        await screenshot(page, `front-${name.replaceAll(" ", "-")}`);

        await assertFits(page);
        const language = appearance.language.slice(0, 2);
        assert.equal(await page.$eval("html", (root) => root.lang), language);
        const state = language === "ru" ? "Работает" : "Healthy";
        assert.equal(await page.$eval("#state", (state) => state.textContent), state);
        const texts = await page.$$eval("[data-word], #calls li > p:first-child", (all) => all.map((one) => one.textContent));
        for (const text of texts) assert.equal(/[а-яё]/i.test(text ?? ""), language === "ru" && text !== "API v2", text ?? "");
        const ground = await page.$eval("body", (body) => getComputedStyle(body).backgroundColor);
        const [red = 0] = (/\d+/.exec(ground) ?? []).map(Number);
        assert.equal(red < 128, appearance.scheme === "dark", ground);
        assert.deepEqual(requests.filter((address) => new URL(address).origin !== server.origin), []);
        assert.deepEqual(errors, []);
      },
      (page) => appear(page, appearance),
    ));
}

test("every link of the front page is served", () =>
  visit(`${server.origin}/api/anilibria/v2`, async ({ page }) => {
    await page.waitForSelector("#calls li");
    const links = await page.$$eval("a", (links) => links.map((link) => link.href));

    assert.ok(links.length >= 8, links.join(" "));
    for (const link of links) {
      const answer = await fetch(link, { headers: { accept: "text/html" } });
      assert.equal(answer.status, 200, link);
      await answer.body?.cancel();
    }
  }));

test("commands of the front page contain the origin of the service", () =>
  visit(server.origin, async ({ page }) => {
    await page.waitForSelector("#calls li");

    const commands = await page.$$eval(".command code", (codes) => codes.map((code) => code.textContent ?? ""));

    assert.ok(commands.includes(`curl -X POST ${server.origin}/sandbox/episodes -d '{"release_id":1}'`), commands.join("\n"));
    assert.ok(commands.includes(`curl ${server.origin}/sandbox/requests`), commands.join("\n"));
    assert.ok(commands.every((command) => command.includes(server.origin)), commands.join("\n"));
  }));

test("the button publishes an episode, and the live page shows it", () =>
  visit(
    server.origin,
    async ({ page, errors }) => {
      await page.waitForSelector("#calls li");
      await page.locator("#release").fill("9");
      await page.locator("#publish button").click();
      await page.waitForSelector('#published[data-done="true"] a');
      const started = Date.now();
      const name = await server.name(9);
      assert.ok((await page.$eval("#published", (result) => result.textContent))?.includes(`«${name}»`));
      await screenshot(page, "front-published");

      await Promise.all([page.waitForNavigation(), page.locator("#published a").click()]);

      await page.waitForFunction((name) => document.querySelector(".card .name")?.textContent === name, {}, name);
      const elapsed = Date.now() - started;
      console.log(`the live page showed the episode after ${elapsed} ms`);
      assert.ok(elapsed < CARD_TIMEOUT, `${elapsed} ms`);
      assert.deepEqual(errors, []);
    },
    (page) => appear(page, RUSSIAN),
  ));

test("a refused publication is explained", () =>
  visit(server.origin, async ({ page }) => {
    await page.waitForSelector("#calls li");
    await page.locator("#release").fill("999999");
    await page.locator("#publish button").click();

    await page.waitForSelector('#published[data-done="false"]');
    assert.equal(await page.$eval("#published", (result) => result.textContent), "Release not found.");
  }));

function appearances(): Appearance[] {
  return ["ru-RU", "en-US"].flatMap((language) =>
    (["light", "dark"] as const).flatMap((scheme) =>
      (["desktop", "phone"] as const).map((device) => ({ language, scheme, device })),
    ),
  );
}
