"""Where a model is on the Hugging Face Hub: `org/repo/name@revision`, `org/repo/folder/file`."""

import re
from typing import NamedTuple

HERE = "."  # the place of a model whose files lie at the repository's root
_ADDRESS = re.compile(
    r"(\w[\w.-]*/\w[\w.-]*)(?:/(\w[\w.-]*(?:/\w[\w.-]*)*))?(?:@(\w[\w./-]*))?", re.ASCII
)


class Address(NamedTuple):
    """Where a model is on the Hub."""

    repo: str  # organisation/name
    place: str  # folder or file in it, or HERE
    revision: str | None  # branch, tag or the 40 hex digits of a commit; None: main

    def __str__(self) -> str:
        return join(self.repo, self.place) + (f"@{self.revision}" if self.revision else "")


def parse_address(text: str) -> Address | None:
    """Return the address in `org/repo/name@revision`, or None for a text that is not one."""
    match = _ADDRESS.fullmatch(text)
    return Address(match[1], match[2] or HERE, match[3]) if match else None


def is_repository(text: str) -> bool:
    """Tell whether a text is organisation/name and no more."""
    address = parse_address(text)
    return address is not None and address.repo == text


def join(place: str, file: str) -> str:
    """Return the path of a file at a place."""
    return file if place == HERE else f"{place}/{file}"
