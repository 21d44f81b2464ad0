"""The segments of a JPEG: its frame, and the scans that fill it."""

import re
import struct
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from denoise.errors import ImageError
from denoise.images.ifd import EXIF_BEGIN, Tags, check_exif

MAX_SEGMENTS = 4096
MAX_FILL_BYTES = 1_000_000  # between segments; Pillow skips them one by one
MAX_EXIF_BYTES = 4_000_000  # Pillow joins segments of 65 kB one by one
MAX_SEGMENT_BYTES = 32_000_000  # Pillow copies all segments, and looks into those of Photoshop
MAX_SCANS = 100  # as libvips allows
MAX_SCANNED_PIXELS = 2_000_000_000  # scans times pixels; some seconds
# Starts of frame: whether it is progressive, and the fewest bits that hold a block's mean
# and, if it is not progressive, the end of the block.
_FRAMES = {0xC0: (False, 2), 0xC1: (False, 2), 0xC2: (True, 1), 0xC9: (False, 0), 0xCA: (True, 0)}
_SCAN, _END, _EXIF, _PICTURES, _INTERVAL = 0xDA, 0xD9, 0xE1, 0xE2, 0xDD
_BARE = (0x01, *range(0xD0, 0xD9))  # markers without a segment
_MARKER = re.compile(rb"\xff([^\x00\xff])")
_RESTART = re.compile(rb"\xff([\xd0-\xd7])")
_SCAN_END = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")


class _Segment(NamedTuple):
    """A segment, and how many compressed bytes follow a start of scan."""

    marker: int
    content: bytes  # without its length
    end: int  # its place in the file
    scan_bytes: int = 0


class _Frame(NamedTuple):
    """A start of frame."""

    is_progressive: bool
    fewest_bits: int  # of a block
    width: int
    height: int
    sampling: dict[int, tuple[int, int]]  # of each component, across and down

    def blocks(self, component: int) -> int:
        """Return how many blocks of 8 x 8 pixels a component has at least."""
        across, down = (8 * max(steps) for steps in zip(*self.sampling.values(), strict=True))
        own_across, own_down = self.sampling.get(component, (0, 0))
        columns: int = self.width * own_across // across
        rows: int = self.height * own_down // down
        return columns * rows

    @property
    def units(self) -> int:
        """The number of units that a scan of all components consists of."""
        across, down = (max(steps) for steps in zip(*self.sampling.values(), strict=True))
        if len(self.sampling) == 1:
            across = down = 1
        columns: int = -(-self.width // (8 * across))
        rows: int = -(-self.height // (8 * down))
        return columns * rows


class _Scan(NamedTuple):
    """A start of scan: which bits of which coefficients of which components follow."""

    components: Sequence[int]
    first: int  # coefficient, of 0 to 63
    last: int
    known: int  # lowest bit of earlier scans, 0 if there are none
    bit: int  # lowest bit of this one
    size_bytes: int


def check_jpeg(content: bytes, _: int) -> int:
    """Refuse segments and scans without end, and scans too short for the claimed size."""
    segments = list(islice(_segments(content), MAX_SEGMENTS + 1))
    starts = [segment for segment in segments if segment.marker == _SCAN]
    if len(segments) > MAX_SEGMENTS or len(starts) > MAX_SCANS:
        raise ImageError("consists of far too many segments or scans; save it anew as PNG.")
    _check_tags(segments)
    frames = [segment for segment in segments if segment.marker in _FRAMES]
    frame = _read_frame(frames[0]) if frames else None
    if frame is not None:
        _check_scans(frame, [_read_scan(start) for start in starts])
        _check_restarts(content, frame, segments)
    return 0


def find_scans(content: bytes) -> list[int]:
    """Return the places where the scans of a JPEG with Huffman codes end; none for another."""
    segments = list(_segments(content))
    if not any(_FRAMES.get(segment.marker, (False, 0))[1] for segment in segments):
        return []
    return [part.end + part.scan_bytes for part in segments if part.marker == _SCAN]


def _segments(content: bytes) -> Iterator[_Segment]:
    """Yield the segments of the first picture, as far as they are whole."""
    place, fill_bytes, segment_bytes = 2, 0, 0
    while (found := _MARKER.search(content, place)) is not None:
        marker = found[1][0]
        fill_bytes += (found.end() if marker in _BARE else found.start()) - place
        if fill_bytes > MAX_FILL_BYTES:
            raise ImageError("is damaged: it holds bytes that belong to nothing.")
        place = found.end()
        if marker == _END:
            return
        if marker in _BARE:
            continue
        start, place = place + 2, place + int.from_bytes(content[place : place + 2], "big")
        segment_bytes += place - start
        if segment_bytes > MAX_SEGMENT_BYTES:
            raise ImageError("holds far too much beside its pixels; save it anew as PNG.")
        scan_bytes = 0
        if marker == _SCAN:
            ended = _SCAN_END.search(content, place)
            scan_bytes = (len(content) if ended is None else ended.start()) - place
        if place <= len(content):
            yield _Segment(marker, content[start:place], place, scan_bytes)
        place = max(start, place) + scan_bytes


def _check_tags(segments: Sequence[_Segment]) -> None:
    """Refuse tags that claim more than there is, in EXIF and in the list of more pictures."""
    exif = b"".join(
        part.content[len(EXIF_BEGIN) :]
        for part in segments
        if part.marker == _EXIF and part.content.startswith(EXIF_BEGIN)
    )
    if len(exif) > MAX_EXIF_BYTES:
        raise ImageError("holds far too much EXIF data; save it anew as PNG.")
    check_exif(exif)
    for part in segments:
        if part.marker == _PICTURES and part.content.startswith(b"MPF\0"):
            Tags(part.content[4:])


def _read_frame(segment: _Segment) -> _Frame | None:
    """Return the frame; None where the segment is too short, which Pillow refuses."""
    if len(segment.content) < 9:
        return None
    height, width = struct.unpack_from(">HH", segment.content, 1)
    parts = segment.content[6:]
    sampling = {
        parts[place]: (parts[place + 1] >> 4 or 1, parts[place + 1] & 15 or 1)
        for place in range(0, len(parts) - 2, 3)
    }
    return _Frame(*_FRAMES[segment.marker], width, height, sampling)


def _read_scan(segment: _Segment) -> _Scan:
    parts = segment.content.ljust(4, b"\0")
    first, last, bits = parts[-3:]
    components = parts[1 : 1 + 2 * parts[0] : 2]
    return _Scan(components, first, last, bits >> 4, bits & 15, segment.scan_bytes)


def _check_scans(frame: _Frame, scans: Sequence[_Scan]) -> None:
    """Refuse scans that send anything twice, take too long, or are too short."""
    if len(scans) * frame.width * frame.height > MAX_SCANNED_PIXELS:
        raise ImageError(f"holds its pixels in {len(scans)} scans, too many; save it anew as PNG.")
    sent: dict[tuple[int, int], int] = {}  # the lowest bit of a component's coefficient
    for scan in scans:
        last = scan.last if frame.is_progressive else scan.first
        places = {(one, at) for one in scan.components for at in range(scan.first, last + 1)}
        if any(sent.get(place, -1) != (scan.known or -1) for place in places):
            raise ImageError("is damaged: it sends the same pixels twice.")
        sent |= dict.fromkeys(places, scan.bit)
        is_mean = scan.first == 0 and scan.known == 0
        blocks = sum(frame.blocks(one) for one in scan.components) if is_mean else 0
        if blocks * frame.fewest_bits > 8 * scan.size_bytes:
            raise ImageError(
                f"is cut short: {scan.size_bytes:,} bytes cannot hold {frame.width} x "
                f"{frame.height} pixels."
            )


def _check_restarts(content: bytes, frame: _Frame, segments: Sequence[_Segment]) -> None:
    """Refuse a single scan that lacks some of its restart markers, which count from 0 to 7."""
    scans = [segment for segment in segments if segment.marker == _SCAN]
    intervals = [segment.content for segment in segments if segment.marker == _INTERVAL]
    interval = int.from_bytes(intervals[-1][:2], "big") if intervals else 0
    if len(scans) != 1 or interval == 0 or frame.is_progressive:
        return
    found = b"".join(_RESTART.findall(content, scans[0].end, scans[0].end + scans[0].scan_bytes))
    expected = -(-frame.units // interval) - 1
    counted = bytes(range(0xD0, 0xD8)) * (len(found) // 8 + 1)
    # Some cameras end the last interval, too.
    if len(found) not in (expected, expected + 1) or not counted.startswith(found):
        raise ImageError("is cut short: parts of its pixels are missing.")
