"""Strict XML: a tree without document types, entities or endless nesting, which ElementTree alone cannot refuse."""

import xml.etree.ElementTree as ET
from collections.abc import Callable
from xml.parsers import expat

from sattrack.errors import SattrackError


def parse_strictly(
    raw: bytes, *, deepest: int, refused: Callable[[str], SattrackError], local_names: bool = False
) -> ET.Element:
    """The root of a document. local_names: elements by their names without namespaces; else exactly as written.

    refused: makes the error that is raised, from what is wrong.
    """
    builder = ET.TreeBuilder()
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > deepest:
            raise refused(f"elements nested more than {deepest} deep")
        builder.start(name.rpartition(" ")[2], attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(name.rpartition(" ")[2])

    def doctype(*_: object) -> None:
        raise refused("a document type or entity, which is never followed")

    # Expat is driven by hand, so that both are refused before anything in them is looked at.
    parser = expat.ParserCreate(namespace_separator=" ") if local_names else expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, builder.data
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = doctype
    try:
        parser.Parse(raw, True)
    except SattrackError:
        raise
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise refused(f"broken XML: {error}") from error
    return builder.close()
