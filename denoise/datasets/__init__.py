"""Pictures to train and measure on: photographs, MNIST and synthetic ones."""
