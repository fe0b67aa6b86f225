// A service for one test, which the test may end.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** Interval between polls of a service that does not read from its own sandbox, in seconds. */
const INTERVAL = "1";

/** Log line of a service that listens. */
const LISTENING = /listening.*(http:\/\/[0-9.:]+)/;

/** Parts of a service that outlive it. */
export interface Lasting {
  /** The API from which it reads. */
  upstream: Server;
  /** Its cache directory. */
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

  /** Starts a service with a sandbox, or one that reads from `lasting`, on a free port unless one is given. */
  static async start(port = "0", lasting?: Lasting): Promise<Server> {
    const env: NodeJS.ProcessEnv = {
      CACHE_DIR: lasting?.directory ?? "off",
      RATE_LIMIT_REQUESTS_PER_MINUTE: "0",
    };
    if (lasting) {
      env["ANILIBRIA_API_URL"] = `${lasting.upstream.origin}/api/v1`;
      env["SYNC_INTERVAL_SECONDS"] = INTERVAL;
    }
    const service = run([...(lasting ? [] : ["--sandbox"]), "--port", port], env);
    const [origin] = await Promise.all([
      logged(service, LISTENING),
      logged(service, /(polling AniLibria from)/),
    ]);
    return new Server(origin, service);
  }

  /** Starts a sandbox alone, which may outlive services that read from it. */
  static async sandbox(): Promise<Server> {
    const sandbox = run(["sandbox", "--port", "0"], {});
    return new Server(await logged(sandbox, LISTENING), sandbox);
  }

  /** Starts a service, calls `use`, and ends the service. */
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

  /** Kills the process. */
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

/** Starts the program of the service. Its output is read, so that the process never waits for a reader. */
function run(args: string[], env: NodeJS.ProcessEnv): ChildProcess {
  const binary = process.env["SERVER"];
  assert.ok(binary, "SERVER is not set");
  const service = spawn(binary, args, { env, stdio: ["ignore", "ignore", "pipe"] });
  service.stderr?.setEncoding("utf8");
  return service;
}

/** Waits until the log of a service matches `pattern`, and returns the first group of the match. */
function logged(service: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    service.stderr?.on("data", (more: string) => {
      text += more;
      const [, found] = pattern.exec(text) ?? [];
      if (found !== undefined) resolve(found);
    });
    service.once("exit", () => reject(new Error(`the service has ended: ${text}`)));
  });
}
