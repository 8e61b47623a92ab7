"""No identification agency: warns when built, and says so to whoever asks."""

from __future__ import annotations

import logging
from typing import NoReturn

from backend.providers.errors import ProviderUnavailable
from backend.providers.identity.port import Begun, Customer, Method, Operator, Purpose, Result

_log = logging.getLogger(__name__)


class NullIdentity:
    """`IdentityProvider` of an institution that has none. Identity can be checked at the desk only."""

    def __init__(self) -> None:
        _log.warning("no identity provider is set up: nobody can sign up or step up by phone identity")

    def begin(self, purpose: Purpose, return_url: str) -> Begun:
        self._refuse("begin")

    def send(self, verification_id: str, customer: Customer, operator: Operator, method: Method) -> None:
        self._refuse("send")

    def resend(self, verification_id: str) -> None:
        self._refuse("resend")

    def confirm(self, verification_id: str, otp: str | None = None) -> Result:
        self._refuse("confirm")

    def result(self, verification_id: str) -> Result:
        self._refuse("result")

    def close(self) -> None:
        """Nothing to close."""

    def _refuse(self, operation: str) -> NoReturn:
        raise ProviderUnavailable("identity", operation, "no provider is set up")
