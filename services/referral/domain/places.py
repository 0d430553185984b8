"""Where a postal code lies: the official key (ARS) matching compares areas by. The region's own codes, and Münster's.

A code that is not listed is not known, which matching turns into a question; a wrong district would be worse than none.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

POSTAL_CODES: Mapping[str, str] = MappingProxyType(
    {
        "053340002002": "52062 52064 52066 52068 52070 52072 52074 52076 52078 52080",  # Aachen
        "053340004004": "52477",  # Alsdorf
        "053340008008": "52499",  # Baesweiler
        "053340012012": "52249",  # Eschweiler
        "053340016016": "52134",  # Herzogenrath
        "053340020020": "52156",  # Monschau
        "053340024024": "52159",  # Roetgen
        "053340028028": "52152",  # Simmerath
        "053340032032": "52222 52223 52224",  # Stolberg
        "053340036036": "52146",  # Würselen
        # Kreis Düren
        "05358": "52349 52351 52353 52355 52372 52379 52382 52385 52388 52391 52393 52396 52399 52428 52441 52445"
        " 52457 52459",
        "05370": "41812 41836 41844 41849 52511 52525 52531 52538",  # Kreis Heinsberg
        "05366": "53879 53881 53894 53902 53909 53919 53925 53937 53940 53945 53947 53949",  # Kreis Euskirchen
        "05116": "41061 41063 41065 41066 41068 41069 41169 41179 41189 41199 41236 41238 41239",  # Mönchengladbach
        "051620024024": "41460 41462 41464 41466 41468 41469 41470 41472",  # Neuss
        # the rest of Rhein-Kreis Neuss
        "05162": "40667 40668 40670 41352 41363 41515 41516 41517 41539 41540 41541 41542 41564 41569",
        "05515": "48143 48145 48147 48149 48151 48153 48155 48157 48159 48161 48163 48165 48167",  # Münster
    }
)
#: The districts of these codes, by the first five digits of their keys; each has its name in the catalogues.
DISTRICTS = tuple(dict.fromkeys(key[:5] for key in POSTAL_CODES))
_AREAS = {postal_code: key for key, codes in POSTAL_CODES.items() for postal_code in codes.split()}


def area_of(postal_code: str | None) -> str | None:
    """The official key of the municipality, or at least of the district, that a postal code lies in."""
    return _AREAS.get(postal_code or "")


def official_key(given: str | None) -> str | None:
    """What somebody answered, if it is an official key of a state, region, district, association or municipality."""
    return given if given and re.fullmatch(r"[0-9]{2}|[0-9]{3}|[0-9]{5}|[0-9]{9}|[0-9]{12}", given) else None
