// Sends the requests of the client that orval generates.

import { BASE, origin, token } from "./service.js";

/** Sends a request and returns the response as the client types it: body, status and headers. */
export async function request<T>(path: string, init: RequestInit): Promise<T> {
  const isInternal = path.startsWith("/internal/");
  const headers = new Headers(init.headers);
  if (isInternal && !headers.has("authorization")) {
    headers.set("authorization", `Bearer ${token}`);
  }
  const response = await fetch(`${origin}${isInternal ? "" : BASE}${path}`, { ...init, headers });
  return { data: await body(response), status: response.status, headers: response.headers } as T;
}

/** Returns the body: JSON as a value, and the first block of a stream, which does not end. */
async function body(response: Response): Promise<unknown> {
  if (response.headers.get("content-type")?.startsWith("text/event-stream")) {
    const reader = response.body!.getReader();
    const { value } = await reader.read();
    await reader.cancel();
    return new TextDecoder().decode(value);
  }
  const text = await response.text();
  return text === "" ? undefined : JSON.parse(text);
}
