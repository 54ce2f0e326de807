"""litellm: `aimage_edit` for an OpenAI model, as multipart; the picture comes inside JSON."""

from __future__ import annotations

import base64

import litellm

ANSWER = "openai"


class Client:
    """Nothing to keep: litellm keeps its connections itself."""

    def __init__(self, url: str, timeout: float | None = None) -> None:
        self.url = url
        self.given = {} if timeout is None else {"timeout": timeout}

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def edit(self, picture: str) -> bytes:
        """One edit; the picture that came."""
        with open(picture, "rb") as file:
            answer = await litellm.aimage_edit(
                model="openai/gpt-image-1",
                image=file,
                prompt="make the sky a sunrise",
                api_base=self.url,
                api_key="key-for-loopback",
                **self.given,
            )
        return base64.b64decode(answer.data[0].b64_json)
