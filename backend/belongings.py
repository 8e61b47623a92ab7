"""Everything that belongs to a person, of all domains: what a merge of two accounts moves."""

from __future__ import annotations

from backend.family.belongings import BELONGINGS as FAMILY
from backend.identity.belongings import BELONGINGS as IDENTITY
from backend.identity.social_belongings import BELONGINGS as SOCIAL

ALL = (*IDENTITY, *SOCIAL, *FAMILY)
"""In the order in which they move: registrations first, so that others see the numbers where they will be."""
