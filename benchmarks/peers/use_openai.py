"""openai: `images.edit`, as multipart; the picture comes inside JSON, as its models answer."""

from __future__ import annotations

import base64
from pathlib import Path

import openai

ANSWER = "openai"


class Client:
    """One client, kept for all edits."""

    def __init__(self, url: str, timeout: float | None = None) -> None:
        given = {} if timeout is None else {"timeout": timeout}
        self.client = openai.AsyncOpenAI(api_key="key-for-loopback", base_url=url, **given)

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()

    async def edit(self, picture: str) -> bytes:
        """One edit; the picture that came."""
        answer = await self.client.images.edit(
            model="gpt-image-1", image=Path(picture), prompt="make the sky a sunrise"
        )
        return base64.b64decode(answer.data[0].b64_json)
