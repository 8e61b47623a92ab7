"""A FHIR document in the making, or taken apart: its resources, their addresses, and references between
them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from records.fhir.errors import FhirInvalid


@dataclass(slots=True)
class Document:
    """Resources in the order of the bundle's entries.

    identifier: the document's own UUID, from which those of its resources are derived; None when reading.
    """

    identifier: UUID | None = None
    resources: list[dict[str, Any]] = field(default_factory=list)
    addresses: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, resource_type: str) -> dict[str, Any]:
        """A new resource of this type with an id of its own."""
        assert self.identifier is not None, "a document that was read is not written to"
        id_ = str(uuid5(self.identifier, f"{resource_type}/{len(self.resources)}"))
        resource: dict[str, Any] = {"resourceType": resource_type, "id": id_}
        self.resources.append(resource)
        return resource

    def node(self, resource_type: str) -> dict[str, Any]:
        """The document's one resource of this type, made when it is first asked for."""
        found = self.find(resource_type)
        return self.add(resource_type) if found is None else found

    def find(self, resource_type: str) -> dict[str, Any] | None:
        """The first resource of this type, or None."""
        return next((each for each in self.resources if each.get("resourceType") == resource_type), None)

    def url(self, resource: Mapping[str, Any]) -> str:
        """Its address within the document."""
        return f"urn:uuid:{resource['id']}"

    def refer(self, resource_type: str) -> dict[str, str]:
        """A reference to the document's one resource of this type."""
        return {"reference": self.url(self.node(resource_type))}

    def resolve(self, address: Any, resource_type: str) -> dict[str, Any]:
        """The resource a reference leads to; raises `FhirInvalid` when there is none of this type."""
        found = self.addresses.get(address) if isinstance(address, str) else None
        if found is None or found.get("resourceType") != resource_type:
            raise FhirInvalid(resource_type, "a reference leads to no such resource of the document")
        return found

    @classmethod
    def of_bundle(cls, bundle: object) -> Document:
        """Take a Bundle of type document apart; raises `FhirInvalid`."""
        if not isinstance(bundle, Mapping) or bundle.get("resourceType") != "Bundle":
            raise FhirInvalid("Bundle", "is not a Bundle")
        entries = bundle.get("entry")
        if bundle.get("type") != "document" or not isinstance(entries, list) or not entries:
            raise FhirInvalid("Bundle.type", "is not a document with entries")
        document = cls()
        for entry in entries:
            resource = entry.get("resource") if isinstance(entry, Mapping) else None
            if not isinstance(resource, dict):
                raise FhirInvalid("Bundle.entry.resource", "is missing")
            document.resources.append(resource)
            if isinstance(entry.get("fullUrl"), str):
                document.addresses[entry["fullUrl"]] = resource
        if document.resources[0].get("resourceType") != "Composition":
            raise FhirInvalid("Bundle.entry[0]", "the first entry of a document is its Composition")
        return document
