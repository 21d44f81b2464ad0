"""The command line, called as a function."""

from denoise.cli.main import main


def run(*arguments):
    return main([str(argument) for argument in arguments])
