"""What the patient API is asked about: patients with passkeys and documents, on PostgreSQL and a real chain."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives import serialization

from backend.config import Settings
from backend.db import migrate
from backend.documents import deliveries, links
from backend.family.models import Tie, TieState
from backend.functions import Function
from backend.identity import service as identity
from backend.identity.consents import TEXTS, given
from backend.identity.models import Passkey
from backend.services import Services
from backend.vault import KeyEncryptionKeys
from bench.postgres import PostgresServer
from bench.samples import receipt
from bench.sender import GAS, Site, wait_until
from chain.db import make_engine, writing
from chain.merkle import MerkleTree, leaf_of
from chain.p256 import kid_to_text
from chain.sender import FeePolicy
from chain.sender.signing import Signer
from network.local import LocalNetwork
from network.ports import choose_ports
from oracle.service_token import ServiceTokens
from records.credential import IssuedCredential, Issuer, IssuerKey, issue
from records.kinds import parse
from sandbox.soft_key import SoftKey, cose_key

HOSPITAL = 1
BATCH = 2_000
"""Documents in one anchoring and one delivery."""
ITEMS = 10
FAMILY = 10
"""Every so manyeth patient is the delegate of the one before."""


@dataclass(frozen=True)
class Patient:
    """A seeded patient, as the load needs to know them."""

    person: UUID
    key: SoftKey
    passkey: UUID
    number: str


class PatientSite:
    """Two backend processes' worth of state; `users` are the patients that the load signs in."""

    def __init__(self, folder: Path, network: LocalNetwork, postgres: PostgresServer) -> None:
        self.network = network
        self.ports = choose_ports(3)
        self.public_url = f"http://localhost:{self.ports[0]}"
        self.settings = Settings(
            _env_file=None,
            database_url=postgres.fresh("documents"),
            keys_database_url=postgres.fresh("keys"),
            key_encryption_key_file=folder / "key-encryption-keys.json",
            deployment_file=network.deployment_path,
            trust_file=network.trust_path,
            node_urls=tuple(network.rpc_urls),
            oracle_keys_file=folder / "oracle-keys.json",
            public_url=self.public_url,
        )
        KeyEncryptionKeys.create(self.settings.key_encryption_key_file)
        oracle = ServiceTokens(
            network.keys.create_document_key("bench-service")[0], lambda: datetime.now(UTC)
        )
        self.settings.oracle_keys_file.write_text(json.dumps({"keys": [oracle.public_jwk()]}))
        for url, history in ((self.settings.database_url, "main"), (self.settings.keys_database_url, "keys")):
            engine = make_engine(url)
            migrate(engine, history)
            engine.dispose()
        self.services = Services.build(self.settings)

    def environment(self) -> dict[str, str]:
        """For `python -m backend serve`."""
        named = {
            name: getattr(self.settings, name)
            for name in (
                "database_url",
                "keys_database_url",
                "key_encryption_key_file",
                "deployment_file",
                "trust_file",
                "oracle_keys_file",
                "public_url",
            )
        } | {"node_urls": ",".join(self.settings.node_urls)}
        return {f"SAEGIM_BACKEND_{name.upper()}": str(value) for name, value in named.items()}

    # --- seeding

    def seed(self, patients: int, documents: int, users: int) -> list[dict[str, Any]]:
        """Patients, documents and ties; what the load needs to know of its users."""
        people = [self._patient(number) for number in range(patients)]
        self._ties(people)
        of_patient: dict[int, list[str]] = {}
        for first in range(0, documents, BATCH):
            for place, document in enumerate(self._deliver(people, first, min(BATCH, documents - first))):
                of_patient.setdefault((first + place) % patients, []).append(document)
        return [self._user(people[n], of_patient.get(n, [])) for n in range(min(users, patients))]

    def _patient(self, number: int) -> Patient:
        key, vault, now = SoftKey(self.public_url, "localhost"), self.services.vault, self.services.clock()
        who = identity.Profile(f"가상환자{number:04d}", "1980-01-01", "female", f"010{number:08d}", False)
        passkey, registration = uuid4(), f"BENCH-{number:06d}"
        with writing(self.services.database) as session:
            person, _ = identity.find_or_create(
                session,
                vault,
                identity=f"bench-{number}",
                who=who,
                consents=given({each.kind for each in TEXTS}),
                now=now,
            )
            identity.bind(session, person, HOSPITAL, vault.blind_index(registration), now)
            row = Passkey(
                id=passkey,
                person_id=person,
                credential_id=key.credential_id,
                public_key=cose_key(key.key),
                sign_count=0,
                synced=False,
                name="전화",
                created_at=now,
            )
            session.add(row)
        key.user = person.bytes
        return Patient(person, key, passkey, registration)

    def _ties(self, people: Sequence[Patient]) -> None:
        now = self.services.clock()
        with writing(self.services.database) as session:
            for before, after in list(pairwise(people))[::FAMILY]:
                row = Tie(
                    id=uuid4(),
                    actor_id=after.person,
                    relation="child",
                    grantor_id=before.person,
                    state=TieState.ACTIVE,
                    created_at=now,
                    consented_at=now,
                    functions=Function.LIST.value,
                    ends_at=now + timedelta(days=30),
                )
                session.add(row)

    def _deliver(self, people: Sequence[Patient], first: int, count: int) -> list[str]:
        """Issue, anchor and deliver documents; their ids."""
        private, kid = self.network.keys.document_key("hospital-sign")
        issuer = Issuer(f"urn:saegim:{self.network.chain_id}:institution:{HOSPITAL}", "서울시 샘플의료원")
        record, key = parse("receipt", receipt(rows=ITEMS)), IssuerKey.of(private)
        at = self.services.clock()
        made = [issue(record, issuer=issuer, key=key, iat=at) for _ in range(count)]
        tree = MerkleTree.build([leaf_of(each.digest) for each in made])
        block, transaction = self._anchor(tree)
        ids = [str(uuid4()) for _ in made]
        raw = [
            self._delivery(each, tree, place, ids[place], people[(first + place) % len(people)].number)
            | {
                "kid": kid_to_text(kid),
                "block": block,
                "transaction": transaction,
                "anchoredAt": at.isoformat(),
            }
            for place, each in enumerate(made)
        ]
        with writing(self.services.database) as session:
            answer = deliveries.take(self.services, session, raw)
        if len(answer.accepted) != count:
            raise RuntimeError(f"{len(answer.refused)} deliveries were refused: {answer.refused[:1]}")
        return ids

    def _delivery(
        self, made: IssuedCredential, tree: MerkleTree, place: int, document: str, number: str
    ) -> dict[str, Any]:
        return {
            "deliveryId": str(uuid4()),
            "event": "issued",
            "documentId": document,
            "vct": "urn:saegim:receipt:1",
            "issuer": HOSPITAL,
            "patientNumber": number,
            "credential": made.compact,
            "leaf": leaf_of(made.digest).hex(),
            "root": tree.root.hex(),
            "path": [node.hex() for node in tree.proof(place)],
        }

    def _anchor(self, tree: MerkleTree) -> tuple[int, str]:
        """Block and transaction of the batch. Raises RuntimeError when the chain refused it."""
        site = Site(self.network)
        nonce, data = site.nonce(), site.registry.encode_anchor(tree.root, tree.depth)
        signer, fees = Signer(site.account, site.chain_id), FeePolicy().first(7)
        signed = signer.sign(nonce=nonce, to=site.registry.address, data=data, gas_limit=GAS, fees=fees)
        site.client.broadcast_many([signed.raw])
        wait_until(lambda: site.nonce() > nonce)
        found = site.client.receipts([signed.hash])[0]
        site.client.close()
        if found is None or not found.success:
            raise RuntimeError("the anchoring was refused: nothing could be proven")
        return found.block_number, signed.hash.hex()

    def _user(self, patient: Patient, documents: Sequence[str]) -> dict[str, Any]:
        with writing(self.services.database) as session:
            link = links.create(self.services, session, UUID(documents[0]))
        private = patient.key.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return {
            "person": str(patient.person),
            "passkey": str(patient.passkey),
            "credential": patient.key.credential_id.hex(),
            "private": private.decode(),
            "documents": list(documents),
            "link": link.removeprefix(self.public_url),
        }
