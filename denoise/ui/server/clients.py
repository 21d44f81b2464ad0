"""Which client a request comes from."""

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
