"""What stands between the page and the machine: models, files, turns, limits, failures."""
