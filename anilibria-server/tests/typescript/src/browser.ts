// A browser for pages of the service, which notes what they ask for.

import assert from "node:assert/strict";

import { launch, type Page } from "puppeteer-core";

/** How long a page may take to show what a test waits for, in milliseconds. */
const PATIENCE = 30_000;

/** A page and what became of it. */
export interface Visit {
  page: Page;
  /** Addresses of all requests so far, but for data within the page. */
  requests: string[];
  /** What went wrong in the page's scripts. */
  errors: string[];
}

/** Lets `look` look around at `address`, in a browser that is closed afterwards; `prepare` comes before the page does. */
export async function visit(
  address: string,
  look: (visit: Visit) => Promise<void>,
  prepare: (page: Page) => Promise<unknown> = async () => {},
): Promise<void> {
  const executablePath = process.env["CHROMIUM"];
  assert.ok(executablePath, "CHROMIUM is not set");
  // Chromium has no sandbox for root, and little shared memory in containers.
  const args = ["--no-sandbox", "--disable-dev-shm-usage"];
  const defaultViewport = { width: 1280, height: 800 };
  const browser = await launch({ executablePath, args, defaultViewport });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE);
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
    await look(visit);
  } finally {
    await browser.close();
  }
}
