// A browser for the pages of the service.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { launch, type Page } from "puppeteer-core";

/** Timeout of conditions on a page, in milliseconds. */
const TIMEOUT = 30_000;

/** An open page. */
export interface Visit {
  page: Page;
  /** URLs of all requests so far, except for `data:` URLs. */
  requests: string[];
  /** Errors of the scripts of the page. */
  errors: string[];
}

/** Appearance of the browser. */
export interface Appearance {
  /** Language, as in `navigator.language`. */
  language: string;
  scheme: "light" | "dark";
  device: "desktop" | "phone";
}

const VIEWPORTS = {
  desktop: { width: 1280, height: 800 },
  phone: { width: 360, height: 740, isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
};

/** Opens `address` in a new browser, calls `use`, and closes the browser. `prepare` runs before the page loads. */
export async function visit(
  address: string,
  use: (visit: Visit) => Promise<void>,
  prepare: (page: Page) => Promise<unknown> = async () => {},
): Promise<void> {
  const executablePath = process.env["CHROMIUM"];
  assert.ok(executablePath, "CHROMIUM is not set");
  // Chromium has no sandbox for root, and little shared memory in containers.
  const args = ["--no-sandbox", "--disable-dev-shm-usage"];
  const browser = await launch({ executablePath, args, defaultViewport: VIEWPORTS.desktop });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(TIMEOUT);
    const visit: Visit = { page, requests: [], errors: [] };
    page.on("pageerror", (error) => visit.errors.push(String(error)));
    const network = await page.createCDPSession();
    await network.send("Network.enable");
    network.on("Network.requestWillBeSent", ({ request }) => {
      if (!request.url.startsWith("data:")) visit.requests.push(request.url);
    });
    network.on("Network.webSocketCreated", ({ url }) => visit.requests.push(url));
    await prepare(page);
    await page.goto(address);
    await use(visit);
  } finally {
    await browser.close();
  }
}

/** Sets the appearance of `page`. Call it before the page loads. */
export async function appear(page: Page, { language, scheme, device }: Appearance): Promise<void> {
  await page.setViewport(VIEWPORTS[device]);
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await page.evaluateOnNewDocument((language) => {
    Object.defineProperty(navigator, "language", { get: () => language });
  }, language);
}

/** Saves a screenshot in the directory `SCREENSHOTS`, if that is set: of the whole page, or of the visible part. */
export async function screenshot(page: Page, name: string, fullPage = true): Promise<void> {
  const directory = process.env["SCREENSHOTS"];
  if (!directory) return;
  await mkdir(directory, { recursive: true });
  await page.screenshot({ path: join(directory, `${name}.png`) as `${string}.png`, fullPage });
}

/** Checks that the page is not wider than the screen. */
export async function assertFits(page: Page): Promise<void> {
  const [content, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  assert.ok(content! <= screen!, `${content} px on a screen of ${screen} px`);
}
