"""Every table of the documents' database: what its migrations make, and what a test compares them with."""

from __future__ import annotations

from backend.audit import models as audit
from backend.clients import models as clients
from backend.devices import models as devices
from backend.documents import models as documents
from backend.eligibility import models as eligibility
from backend.family import models as family
from backend.identity import models as identity
from backend.identity import social_models as social
from backend.limits import models as limits
from backend.staff import models as staff
from chain.db import table_of

MAIN = tuple(
    table_of(model)
    for model in (
        documents.Document,
        documents.DocumentContent,
        documents.DocumentProof,
        documents.Delivery,
        documents.ShareLink,
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
        social.SocialLink,
        social.SocialAttempt,
        identity.NumberLink,
        identity.Merge,
        identity.ForeignPaper,
        identity.Newborn,
        identity.AccountNotice,
        identity.Continuation,
        identity.EntryCode,
        family.Tie,
        family.Offer,
        family.Notice,
        clients.InstitutionClient,
        clients.ClientKey,
        clients.UsedAssertion,
        clients.AccessToken,
        staff.StaffMember,
        staff.StaffPasskey,
        staff.StaffCeremony,
        staff.StaffSession,
        staff.BrokenGlass,
        devices.PairedDevice,
        devices.DeviceKey,
        devices.PairingCode,
        devices.UsedProof,
        devices.DeviceRefusals,
        limits.LimitCount,
        eligibility.EligibilityPatient,
        eligibility.IdentityCheck,
        eligibility.IdentityException,
        eligibility.IdentityOwed,
        eligibility.LookUp,
        eligibility.Letter,
        eligibility.VisitConfirmation,
    )
)
