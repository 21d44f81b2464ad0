"""The old place of `Settings`, which scripts import from here."""

from denoise.inference.settings import Settings as Settings
