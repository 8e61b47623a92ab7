"""Whether a delivered document's parts belong together: credential, kind, issuer, leaf, path, signature."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import ec

from backend.documents.schemas import DeliveryIn
from chain.merkle import leaf_of, verify_path
from records.credential import CredentialError, verify


class DeliveryRefused(Exception):
    """One delivery cannot be taken. `code` is stable; `detail` names the field at fault, never its value."""

    def __init__(self, code: str, detail: str) -> None:
        self.code = code
        self.detail = detail
        super().__init__(f"{code}: {detail}")


def check_issued(
    delivery: DeliveryIn, signing_key: Callable[[str], ec.EllipticCurvePublicKey], now: datetime
) -> None:
    """Check a newly issued document.

    Args:
        signing_key: the public key registered on chain under a `kid`; LookupError where there is none.

    Raises:
        DeliveryRefused: CredentialInvalid, KindMismatch, IssuerMismatch, KeyMismatch, LeafMismatch or PathMismatch.
    """
    try:
        credential = verify(delivery.credential or "", signing_key, now=now)
    except CredentialError as error:
        raise DeliveryRefused("CredentialInvalid", type(error).__name__) from error
    if credential.kind.vct != delivery.vct:
        raise DeliveryRefused("KindMismatch", "vct is not the credential's")
    if credential.issuer_index != delivery.issuer:
        raise DeliveryRefused("IssuerMismatch", "issuer is not the credential's")
    if credential.kid != delivery.kid:
        raise DeliveryRefused("KeyMismatch", "kid is not the credential's")
    leaf = leaf_of(credential.digest)
    if leaf.hex() != delivery.leaf:
        raise DeliveryRefused("LeafMismatch", "leaf is not the credential's")
    path = [bytes.fromhex(node) for node in delivery.path or ()]
    if not verify_path(bytes.fromhex(delivery.root), leaf, path):
        raise DeliveryRefused("PathMismatch", "path does not lead from leaf to root")
