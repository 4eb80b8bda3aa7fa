"""The service document, and the metadata document in CSDL XML."""

from functools import cache
from typing import Any
from xml.etree import ElementTree

from backend.doors.odata.entity_sets import ENTITY_SETS, EntitySet

NAMESPACE, CONTAINER = "DoSong", "Figures"
EDMX = "http://docs.oasis-open.org/odata/ns/edmx"
EDM = "http://docs.oasis-open.org/odata/ns/edm"


def service_document(root: str) -> dict[str, Any]:
    """Return the list of entity sets; `root` is the address of the service."""
    names = [{"name": name, "kind": "EntitySet", "url": name} for name in ENTITY_SETS]
    return {"@odata.context": f"{root}$metadata", "value": names}


@cache
def metadata_document() -> bytes:
    """Return the types and entity sets as CSDL XML."""
    ElementTree.register_namespace("edmx", EDMX)
    document = ElementTree.Element(f"{{{EDMX}}}Edmx", {"Version": "4.0"})
    services = ElementTree.SubElement(document, f"{{{EDMX}}}DataServices")
    # As an attribute: ElementTree would write a prefix, which some readers do not expect.
    schema = ElementTree.SubElement(services, "Schema", {"xmlns": EDM, "Namespace": NAMESPACE})
    for entity_set in ENTITY_SETS.values():
        _add_type(schema, entity_set)
    container = ElementTree.SubElement(schema, "EntityContainer", {"Name": CONTAINER})
    for entity_set in ENTITY_SETS.values():
        kind = f"{NAMESPACE}.{entity_set.entity}"
        ElementTree.SubElement(
            container, "EntitySet", {"Name": entity_set.name, "EntityType": kind}
        )
    written: bytes = ElementTree.tostring(document, encoding="utf-8", xml_declaration=True)
    return written


def _add_type(schema: ElementTree.Element, entity_set: EntitySet) -> None:
    entity = ElementTree.SubElement(schema, "EntityType", {"Name": entity_set.entity})
    key = ElementTree.SubElement(entity, "Key")
    for name in entity_set.key:
        ElementTree.SubElement(key, "PropertyRef", {"Name": name})
    for name, edm in entity_set.properties.items():
        facets = {"Name": name, "Type": edm}
        if name in entity_set.key:
            facets["Nullable"] = "false"
        if edm == "Edm.DateTimeOffset":
            facets["Precision"] = "6"
        ElementTree.SubElement(entity, "Property", facets)
