"""A recipe for each network: its data, schedule and architecture."""
