"""The short code of a prepared consent form: opaque, read out on the telephone, and a mistyped one is noticed.

31 letters and digits that are not mistaken for each other; 31 is prime, so the weighted check letter catches every
single wrong letter and every two that changed places.
"""

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
LENGTH = 8


def with_check(letters: str) -> str:
    """The code for eight random letters: them and their check letter."""
    return letters + _check(letters)


def normalized(typed: str) -> str:
    """A code as somebody typed it, without the gaps that make it readable."""
    return "".join(letter for letter in typed.upper() if letter.isalnum())


def is_code(typed: str) -> bool:
    code = normalized(typed)
    return len(code) == LENGTH + 1 and all(one in ALPHABET for one in code) and _check(code[:-1]) == code[-1]


def readable(code: str) -> str:
    """In threes, as people read numbers out."""
    return "-".join(code[start : start + 3] for start in range(0, len(code), 3))


def _check(letters: str) -> str:
    total = sum(weight * ALPHABET.index(letter) for weight, letter in enumerate(letters, start=2))
    return ALPHABET[total % len(ALPHABET)]
