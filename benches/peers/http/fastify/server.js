// The operations "List titles" and "Get a title" with Fastify and ioredis.

import Fastify from "fastify";
import Redis from "ioredis";

import { createCache } from "../cache.js";
import { serve } from "../cluster.js";

serve(async () => {
  const app = Fastify();
  const read = createCache(new Redis(process.env.REDIS_URL));

  const respond = async (request, reply) => {
    const body = await read(request.url);
    if (body === undefined) return reply.code(404).send({ success: false });
    return reply.type("application/json; charset=utf-8").send(body);
  };
  app.get("/api/anilibria/v2/titles", respond);
  app.get(
    "/api/anilibria/v2/titles/:id",
    { schema: { params: { type: "object", properties: { id: { type: "integer", minimum: 1 } } } } },
    respond,
  );

  await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT) });
});
