"""Untrusted bytes and files <-> pictures: formats, limits, orientation, depth, metadata."""
