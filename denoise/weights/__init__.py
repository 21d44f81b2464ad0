"""One weights/<name>/ folder: facts, tensors, manifest and card; and anyone's checkpoint."""
