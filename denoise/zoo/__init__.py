"""A name, an address or a path -> a network: an ordered list of sources."""
