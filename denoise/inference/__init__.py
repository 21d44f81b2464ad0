"""A network at work on pictures of any type and size: settings, passes, tiles, report."""
