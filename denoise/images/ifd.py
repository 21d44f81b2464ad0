"""Directories of tags, in TIFF and EXIF: what they claim, before Pillow reads it."""

import struct
from collections.abc import Collection
from typing import NamedTuple

from denoise.errors import ImageError

EXIF_BEGIN = b"Exif\0\0"
MAX_TAGS = 4096  # in one directory
MAX_TAG_BYTES = 100_000_000  # of all values; Pillow copies them
MAX_NUMBERS = 100_000  # Pillow makes an object of each
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}
_FORMATS = {3: "H", 4: "I", 13: "I", 16: "Q"}
_BYTES = (1, 2, 7)  # types that Pillow keeps as they are
_FOLDERS = (34665, 34853, 40965)  # EXIF, GPS, interoperability: tags that point to a directory
_BELOW = 330  # points to directories of more pictures
_SHARED_BYTES = 65_536  # that may belong to several tags


def check_exif(exif: bytes) -> None:
    """Raise an ImageError for EXIF whose tags claim more than it holds."""
    tags = exif.removeprefix(EXIF_BEGIN)
    if tags.startswith(EXIF_BEGIN):  # Pillow removes one after the other, in quadratic time
        raise ImageError("has damaged EXIF data; save it anew as PNG.")
    Tags(tags)


class Tag(NamedTuple):
    """A tag, and where its values lie."""

    number: int
    kind: int  # TIFF's number of their type
    values: int
    start: int

    @property
    def size_bytes(self) -> int:
        """The bytes of all the values; 0 for a type that Pillow does not know."""
        return self.values * _SIZES.get(self.kind, 0)


class Tags:
    """The tags of a TIFF's first picture, or of an EXIF block without its "Exif" in front.

    Raises:
        ImageError: they claim more than the content holds or a picture needs.
    """

    def __init__(self, content: bytes, long_tags: Collection[int] = ()) -> None:
        self._content = content
        self._order = ">" if content[:2] == b"MM" else "<"
        is_big = content[2:3] == b"+"  # BigTIFF, as Pillow tells it
        self._word, self._counter = ("Q", "Q") if is_big else ("I", "H")  # as struct has them
        first = self._number(self._word, 8 if is_big else 4)
        self._first = {tag.number: tag for tag in self._read(first)}
        every = self._read_all(first)
        numbers = (tag for tag in every if tag.number not in long_tags and tag.kind not in _BYTES)
        claimed = sum(tag.size_bytes for tag in every)
        most = min(len(content) + _SHARED_BYTES, MAX_TAG_BYTES)
        if claimed > most or sum(tag.values for tag in numbers) > MAX_NUMBERS:
            raise ImageError("has tags that claim more than a picture needs; save it anew as PNG.")

    def count(self, number: int) -> int:
        """Return how many values a tag has."""
        return self._first[number].values if number in self._first else 0

    def numbers(self, number: int, default: tuple[int, ...] = ()) -> tuple[int, ...]:
        """Return the whole numbers of a tag."""
        tag = self._first.get(number)
        return default if tag is None or tag.kind not in _FORMATS else self._numbers(tag)

    def _numbers(self, tag: Tag) -> tuple[int, ...]:
        if tag.kind not in _FORMATS:
            return ()
        layout = f"{self._order}{tag.values}{_FORMATS[tag.kind]}"
        return struct.unpack_from(layout, self._content, tag.start)

    def below(self, number: int) -> list[tuple[int, ...]]:
        """Return the whole numbers of a tag in each directory that hangs below the first one."""
        found = (tag for place in self.numbers(_BELOW) for tag in self._read(place))
        return [self._numbers(tag) for tag in found if tag.number == number]

    def _read_all(self, first: int) -> list[Tag]:
        """Return every tag that Pillow may read, as often as it is listed."""
        every: list[Tag] = []
        seen, waiting = set(), [first]
        while waiting:
            place = waiting.pop()
            if place in seen:
                continue
            seen.add(place)
            found = self._read(place)
            every += found
            folders = (tag for tag in found if tag.number in _FOLDERS and tag.kind in _FORMATS)
            waiting += [self._number(_FORMATS[tag.kind], tag.start) for tag in folders]
        return every

    def _read(self, place: int) -> list[Tag]:
        """Return the tags of one directory whose values lie inside of the content."""
        entry = struct.Struct(f"{self._order}HH{self._word}{self._word}")
        inline_bytes = struct.calcsize(f"={self._word}")
        count = self._number(self._counter, place)
        if count > MAX_TAGS:
            raise ImageError(f"has more than {MAX_TAGS:,} tags; save it anew as PNG.")
        first = place + struct.calcsize(f"={self._counter}")
        whole = max(0, len(self._content) - first) // entry.size  # entries inside of the content
        found = []
        for index in range(min(count, whole)):
            end = first + (index + 1) * entry.size
            number, kind, values, start = entry.unpack_from(self._content, end - entry.size)
            tag = Tag(number, kind, values, start)
            if tag.size_bytes <= inline_bytes:
                tag = tag._replace(start=end - inline_bytes)
            if tag.start + tag.size_bytes <= len(self._content):
                found.append(tag)
        return found

    def _number(self, layout: str, place: int) -> int:
        """Return one whole number; 0 outside of the content."""
        layout = self._order + layout
        if not 0 <= place <= len(self._content) - struct.calcsize(layout):
            return 0
        number: int = struct.unpack_from(layout, self._content, place)[0]
        return number
