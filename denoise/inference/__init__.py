"""Run a network on pictures of any type and size: settings, passes, tiles, report."""
