// Rendered responses in memory for five minutes, in front of Redis.

const TTL_MS = 5 * 60 * 1000;

/** Returns a function that reads the body of a path; `undefined` if Redis has none. */
export function createCache(redis) {
  const entries = new Map();
  return async (path) => {
    const entry = entries.get(path);
    if (entry !== undefined && entry.expires > Date.now()) return entry.body;
    const body = await redis.getBuffer(path);
    if (body === null) return undefined;
    entries.set(path, { body, expires: Date.now() + TTL_MS });
    return body;
  };
}
