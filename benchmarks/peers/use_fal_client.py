"""fal_client: `run`, as a data URL in JSON; its users download the picture themselves."""

from __future__ import annotations

from urllib.parse import urlsplit

import fal_client
import fal_client.client
import httpx

ANSWER = "download"


class Client:
    """One client, kept for all edits, and one of httpx, which fal_client brings, for downloads."""

    def __init__(self, url: str, timeout: float | None = None) -> None:
        place = urlsplit(url)
        # It takes the host from the environment, and always adds "https://".
        fal_client.client.RUN_URL_FORMAT = f"{place.scheme}://{place.netloc}/"
        self.application = place.path.lstrip("/")
        self.timeout = timeout
        self.client = fal_client.AsyncClient(key="key-for-loopback")
        self.downloads = httpx.AsyncClient(limits=httpx.Limits(), timeout=None)

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.downloads.aclose()

    async def edit(self, picture: str) -> bytes:
        """One edit; the picture that came."""
        arguments = {
            "prompt": "make the sky a sunrise",
            "image_url": fal_client.encode_file(picture),
        }
        answer = await self.client.run(self.application, arguments, timeout=self.timeout)
        return (await self.downloads.get(answer["url"])).raise_for_status().content
