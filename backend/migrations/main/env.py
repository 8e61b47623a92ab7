"""Alembic's entry for the documents' database; the connection comes from `backend.db.migrate`."""

from __future__ import annotations

from alembic import context

from backend.audit import models as audit
from backend.clients import models as clients
from backend.documents import models
from backend.family import models as family
from backend.identity import models as identity
from backend.staff import models as staff
from chain.db import table_of

TABLES = [
    table_of(model)
    for model in (
        models.Document,
        models.DocumentContent,
        models.DocumentProof,
        models.Delivery,
        models.ShareLink,
        audit.AuditEvent,
        audit.AuditHead,
        audit.AuditPatientHead,
        audit.AuditCheckpoint,
        audit.AuditAnchor,
        identity.Person,
        identity.Registration,
        identity.ConsentGiven,
        identity.Passkey,
        identity.Ceremony,
        identity.Verification,
        identity.LoginSession,
        family.Tie,
        family.Offer,
        family.Notice,
        clients.InstitutionClient,
        clients.ClientKey,
        clients.UsedAssertion,
        clients.AccessToken,
        clients.Attempts,
        staff.StaffMember,
        staff.StaffPasskey,
        staff.StaffCeremony,
        staff.StaffSession,
        staff.BrokenGlass,
    )
]

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=TABLES[0].metadata,
    include_object=lambda thing, name, kind, *_: kind != "table" or name in {table.name for table in TABLES},
    render_as_batch=True,
    version_table="backend_version",
)
context.run_migrations()
