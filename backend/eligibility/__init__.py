"""Identity and eligibility at the visit (본인확인·자격조회): what was checked, what is missing, where to go.

`periods` and `rules` decide and know no database; `service` asks them with what is known. Tables: whom the desk knows,
checks of identity, look-ups, 의료급여의뢰서, 진료확인번호.

Invariants: no number of an identity document is ever stored; what covers a person, and every number of theirs, is
sealed; what is not known stays uncertain and never becomes "not insured"; a visit has one 진료확인번호 at a time, and
what is deducted is deducted once, however many desks ask and however many answers are lost. Nothing goes on chain.
"""

from __future__ import annotations
