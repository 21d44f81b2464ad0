"""Which client a request comes from, and what its uploads take."""

from collections.abc import Iterable
from pathlib import Path

from starlette.datastructures import Headers
from starlette.types import Scope


def client_of(scope: Scope, proxies: int = 0) -> str:
    """Return the address that a request comes from.

    Args:
        scope: of the request.
        proxies: how many proxies stand before the server; each adds the address that it sees to
            X-Forwarded-For, where earlier ones may be anybody's invention.
    """
    forwarded = [
        address.strip()
        for value in Headers(scope=scope).getlist("x-forwarded-for")
        for address in value.split(",")
    ]
    if 0 < proxies <= len(forwarded):
        return forwarded[-proxies]
    return str((scope.get("client") or ("",))[0])


class UploadShares:
    """What the uploads that are here take, by client.

    Args:
        max_bytes: of one client's.
        max_files: of one client's.
    """

    def __init__(self, max_bytes: int, max_files: int) -> None:
        self._max_bytes, self._max_files = max_bytes, max_files
        self._files: dict[str, set[Path]] = {}

    def note(self, client: str, files: Iterable[Path]) -> None:
        """Note a client's uploads."""
        self._files.setdefault(client, set()).update(files)

    def has_room(self, client: str) -> bool:
        """Return whether a client may upload more; files that are gone do not count."""
        sizes = {file: size for file in self._files.get(client, ()) if (size := _size(file)) >= 0}
        self._files[client] = set(sizes)
        if not sizes:
            del self._files[client]
        return len(sizes) < self._max_files and sum(sizes.values()) < self._max_bytes


def _size(file: Path) -> int:
    """Return the size of a file in bytes; -1: it is not there."""
    try:
        return file.stat().st_size
    except OSError:
        return -1
