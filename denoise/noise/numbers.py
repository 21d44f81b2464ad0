"""Read a level as people write it."""


def parse_number(text: str) -> float:
    """Return the number that a text such as 0.1, or a fraction such as 25/255, stands for.

    Raises:
        ValueError: it is neither.
    """
    above, slash, below = text.partition("/")
    try:
        return float(above) / (float(below) if slash else 1)
    except ZeroDivisionError:
        raise ValueError(f"{text!r} divides by zero") from None
