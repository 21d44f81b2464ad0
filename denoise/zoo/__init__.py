"""A name or an address -> a network: the places where networks are looked for."""

from denoise.zoo.checkpoints import Found
from denoise.zoo.zoo import Zoo

__all__ = ["Found", "Zoo"]
