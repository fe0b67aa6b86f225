// The operations "List titles" and "Get a title" with Express and ioredis.

import express from "express";
import Redis from "ioredis";

import { createCache } from "../cache.js";
import { serve } from "../cluster.js";

serve(() => {
  const app = express();
  const read = createCache(new Redis(process.env.REDIS_URL));

  const respond = async (request, response) => {
    const body = await read(request.originalUrl);
    if (body === undefined) return response.status(404).json({ success: false });
    return response.type("application/json").send(body);
  };
  app.get("/api/anilibria/v2/titles", respond);
  app.get("/api/anilibria/v2/titles/:id", (request, response) => {
    if (!/^[1-9]\d*$/.test(request.params.id)) return response.status(400).json({ success: false });
    return respond(request, response);
  });

  app.listen(Number(process.env.PORT), "127.0.0.1");
});
