// A service for one test, which the test can stop.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** Poll interval of a service that does not read from its own sandbox, in seconds. */
const INTERVAL = "1";

/** Log line of a service that listens. */
const LISTENING = /listening.*(http:\/\/[0-9.:]+)/;

/** Parts of a service that survive it. */
export interface Persistent {
  /** The API from which it reads. */
  upstream: Server;
  /** Its cache directory. */
  directory: string;
}

/** A running service. */
export class Server {
  /** Its origin, without a trailing slash. */
  readonly origin: string;
  readonly #process: ChildProcess;

  private constructor(origin: string, process: ChildProcess) {
    this.origin = origin;
    this.#process = process;
  }

  /** Starts a service with a sandbox, or one that reads from `persistent`, on a free port unless one is given. */
  static async start(port = "0", persistent?: Persistent): Promise<Server> {
    const env: NodeJS.ProcessEnv = {
      CACHE_DIR: persistent?.directory ?? "off",
      RATE_LIMIT_REQUESTS_PER_MINUTE: "0",
    };
    if (persistent) {
      env["ANILIBRIA_API_URL"] = `${persistent.upstream.origin}/api/v1`;
      env["SYNC_INTERVAL_SECONDS"] = INTERVAL;
    }
    const service = run([...(persistent ? [] : ["--sandbox"]), "--port", port], env);
    const [origin] = await Promise.all([
      logged(service, LISTENING),
      logged(service, /(polling AniLibria from)/),
    ]);
    return new Server(origin, service);
  }

  /** Starts a separate sandbox, which can survive services that read from it. */
  static async sandbox(): Promise<Server> {
    const sandbox = run(["sandbox", "--port", "0"], {});
    return new Server(await logged(sandbox, LISTENING), sandbox);
  }

  /** Starts a service, calls `use`, and stops the service. */
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

  /** Returns the main name of a title. */
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

/** Starts the program of the service. Its output is read, so that the process never blocks on a full pipe. */
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
    service.once("exit", () => reject(new Error(`the service has exited: ${text}`)));
  });
}
