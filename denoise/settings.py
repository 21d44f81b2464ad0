"""What scripts import as `denoise.settings`; it lives with the inference."""

from denoise.inference.settings import Settings as Settings
