"""Identity and eligibility at the visit (본인확인·자격조회): what is missing, and where to go with it. Rules only."""

from __future__ import annotations
