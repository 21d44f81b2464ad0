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


def parse_address(text: str) -> Address | None:
    """Gives the address in `org/repo/name@revision`; None where a text is none, as names are.

    Without `/name` the model's files lie at the repository's root. A file has its ending.
    """
    match = _ADDRESS.fullmatch(text)
    return Address(match[1], match[2] or HERE, match[3]) if match else None


def is_repository(text: str) -> bool:
    """Tells whether a text is organisation/name, and no more."""
    address = parse_address(text)
    return address is not None and address.repo == text
