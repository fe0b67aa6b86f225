// A service of a test's own, which reads from its sandbox and may be ended.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** How often it looks for news, in seconds. */
const INTERVAL = "1";

/** What a service finds again after a restart. */
export interface Lasting {
  /** What it reads from. */
  upstream: Server;
  /** Where it keeps what it knows. */
  directory: string;
}

/** A running service. */
export class Server {
  /** Its address, without a slash at the end. */
  readonly origin: string;
  readonly #process: ChildProcess;

  private constructor(origin: string, process: ChildProcess) {
    this.origin = origin;
    this.#process = process;
  }

  /** Starts one that watches its sandbox, or what `lasting` says, at any free port unless one is given. */
  static async start(port = "0", lasting?: Lasting): Promise<Server> {
    const env: NodeJS.ProcessEnv = {
      CACHE_DIR: lasting?.directory ?? "off",
      SYNC_INTERVAL_SECONDS: INTERVAL,
      RATE_LIMIT_REQUESTS_PER_MINUTE: "0",
    };
    if (lasting) env["ANILIBRIA_API_URL"] = `${lasting.upstream.origin}/api/v1`;
    const service = run([...(lasting ? [] : ["--sandbox"]), "--port", port], env);
    const [origin] = await Promise.all([
      said(service, "stdout", /http:\/\/[0-9.:]+/),
      said(service, "stderr", /watching AniLibria from/),
    ]);
    return new Server(origin, service);
  }

  /** Starts a sandbox alone, for services to read from and to outlive. */
  static async sandbox(): Promise<Server> {
    const sandbox = run(["sandbox", "--port", "0"], {});
    return new Server(await said(sandbox, "stdout", /http:\/\/[0-9.:]+/), sandbox);
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

/** Runs the service's program. */
function run(args: string[], env: NodeJS.ProcessEnv): ChildProcess {
  const binary = process.env["SERVER"];
  assert.ok(binary, "SERVER is not set");
  return spawn(binary, args, { env, stdio: ["ignore", "pipe", "pipe"] });
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
