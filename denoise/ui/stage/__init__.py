"""The stage: a visitor's pictures, which become clean where they stand."""
