"""Repositories of networks on the Hugging Face Hub: addresses, files, cache, publish and pull."""
