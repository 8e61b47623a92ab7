"""What is made of the events: tables whose rows carry their block, so that any height can be read or rewound."""

from __future__ import annotations

from chain.follower.projections.base import Occurrence, Place, Projection
from chain.follower.projections.documents import DocumentsProjection
from chain.follower.projections.institutions import InstitutionsProjection

__all__ = ["DocumentsProjection", "InstitutionsProjection", "Occurrence", "Place", "Projection"]
