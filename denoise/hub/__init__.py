"""Repositories of networks on the Hugging Face Hub: addresses, files, cache, publish and pull."""

from denoise.hub.repository import ForeignError, Repository

__all__ = ["ForeignError", "Repository"]
