"""Pictures to train and to measure on: photographs, MNIST, and pictures made here."""
