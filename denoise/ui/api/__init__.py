"""The endpoints for scripts, their checks and their description."""
