"""The operations "List titles" and "Get a title" with FastAPI and redis-py: one worker process for each processor."""

import os
import time
from typing import Annotated

import redis.asyncio
import uvicorn
from fastapi import FastAPI, HTTPException, Path, Request, Response

TTL_SECONDS = 5 * 60

app = FastAPI()
client = redis.asyncio.from_url(os.environ["REDIS_URL"])
entries: dict[str, tuple[bytes, float]] = {}


async def read(request: Request) -> Response:
    """Returns the body of the path: from memory for five minutes, else from Redis."""
    path = request.url.path
    body, expires = entries.get(path, (b"", 0.0))
    if expires <= time.monotonic():
        body = await client.get(path)
        if body is None:
            raise HTTPException(404)
        entries[path] = (body, time.monotonic() + TTL_SECONDS)
    return Response(body, media_type="application/json")


@app.get("/api/anilibria/v2/titles")
async def list_titles(request: Request) -> Response:
    return await read(request)


@app.get("/api/anilibria/v2/titles/{title_id}")
async def get_title(title_id: Annotated[int, Path(ge=1)], request: Request) -> Response:
    return await read(request)


if __name__ == "__main__":
    uvicorn.run(
        "server:app",
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        workers=os.cpu_count(),
        access_log=False,
        log_level="warning",
    )
