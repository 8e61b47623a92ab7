"""Stand-ins for Kakao Login and Naver Login: their published OpenID Connect, and the pages a person sees there.

Accounts are made up ("계정 1" …) and have nothing but a number. Kakao's lies below ``/kakao``, Naver's below
``/naver``, each with its own keys, codes and registration.
"""

from __future__ import annotations
