// A service of a test's own, which reads from its sandbox and may be ended.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** How often it looks for news, in seconds. */
const INTERVAL = "1";

/** A running service. */
export class Server {
  /** Its address, without a slash at the end. */
  readonly origin: string;
  readonly #process: ChildProcess;

  private constructor(origin: string, process: ChildProcess) {
    this.origin = origin;
    this.#process = process;
  }

  /** Starts one that watches its sandbox, at any free port unless one is given. */
  static async start(port = "0"): Promise<Server> {
    const binary = process.env["SERVER"];
    assert.ok(binary, "SERVER is not set");
    const env = { CACHE_DIR: "off", SYNC_INTERVAL_SECONDS: INTERVAL, RATE_LIMIT_REQUESTS_PER_MINUTE: "0" };
    const service = spawn(binary, ["--sandbox", "--port", port], { env, stdio: ["ignore", "pipe", "pipe"] });
    const [origin] = await Promise.all([
      said(service, "stdout", /http:\/\/[0-9.:]+/),
      said(service, "stderr", /Events are told/),
    ]);
    return new Server(origin, service);
  }

  /** Lets `use` use one, and ends it. */
  static async with(use: (server: Server) => Promise<void>): Promise<void> {
    const server = await Server.start();
    try {
      await use(server);
    } finally {
      await server.end();
    }
  }

  get port(): string {
    return new URL(this.origin).port;
  }

  /** Ends it without a goodbye. */
  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exit = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await exit;
  }

  /** Publishes the next episode of a release; returns its number and its name. */
  async publish(release_id: number): Promise<{ ordinal: number; name: string | null }> {
    return this.#control("episodes", { release_id });
  }

  /** The main name of a title. */
  async name(id: number): Promise<string> {
    const answer = await fetch(`${this.origin}/titles/${id}`);
    return (await answer.json()).data.names.ru;
  }

  async #control(path: string, body: object) {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${this.origin}/sandbox/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    assert.ok(answer.ok, `${answer.status} ${answer.url}`);
    return answer.json();
  }
}

/** The first thing like `pattern` that a process says. Whatever it says later is read, too, so that it can go on. */
function said(process: ChildProcess, channel: "stdout" | "stderr", pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    process[channel]?.setEncoding("utf8").on("data", (more: string) => {
      text += more;
      const [match] = pattern.exec(text) ?? [];
      if (match !== undefined) resolve(match);
    });
    process.once("exit", () => reject(new Error(`the service has ended: ${text}`)));
  });
}
