"""A name, an address or a path -> a network: an ordered list of sources."""

from denoise.zoo.sources import Found
from denoise.zoo.zoo import Zoo

__all__ = ["Found", "Zoo"]
