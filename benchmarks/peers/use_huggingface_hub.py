"""huggingface_hub: `image_to_image` of an endpoint, as base64 JSON; the picture is the answer."""

from __future__ import annotations

from typing import Any

from huggingface_hub import AsyncInferenceClient

ANSWER = "binary"


class Client:
    """One client, kept for all edits."""

    def __init__(self, url: str, timeout: float | None = None) -> None:
        self.client = AsyncInferenceClient(model=url, token="key-for-loopback", timeout=timeout)

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()

    async def edit(self, picture: str) -> Any:
        """One edit; a Pillow image, opened and not decoded."""
        return await self.client.image_to_image(picture, prompt="make the sky a sunrise")
