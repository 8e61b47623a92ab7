"""The state table of the pipeline: what a document, a batch, a mark and a delivery can be, and what moves them.

**Document** (one issued version of one hospital document; never two for the same source key and revision in a row)

| state     | means                                                  | moved on by                                    |
|-----------|--------------------------------------------------------|------------------------------------------------|
| HELD      | corrects an earlier one that is not anchored yet       | batching: every earlier one ANCHORED → READY   |
| READY     | issued, waits for a batch                              | batching: taken into a batch → BATCHED         |
| BATCHED   | member of a batch whose members no longer change       | settling: batch settled → ANCHORED             |
| ANCHORED  | on chain and settled; its delivery exists              | delivery: acknowledged or refused              |
| DELIVERED | the backend acknowledged it                            | cleanup: N days later → DROPPED                |
| DROPPED   | credential, salts and patient number destroyed         | (end; marks still reach it by its leaf)        |

A held document waits because the registry accepts a successor only from a strictly later block, and two batches
may land in one block.

**Batch**: FIXED (members, root and the anchoring transaction written together) → SETTLED, or FAILED (the
transaction was refused on chain; submitted again after a pause under a new key, so FAILED is never the end).

**Audit head** (a commitment to the backend's log of accesses): WAITING → BATCHED by the next batch → TOLD once that has
settled. A newer one takes the place of one that waits.

**Mark** (the registry's `amend` or `withdraw` of one document): WAITING (the documents it names are not all
settled) → SUBMITTED → SETTLED, or FAILED (refused on chain: shown to a person, `replay` submits it again). Marks are
submitted in the order of their decisions, and mined in it: what leads to a document comes before what ends it.
A document has one mark at the most, so it ends once; a waiting withdrawal may still become an amendment.

**Delivery** (one event for the backend): WAITING → ACCEPTED, or REFUSED (the backend will not have it: shown, blocks
nothing, `replay` sends it again). A document's later events wait until its first one was answered.

**What the hospital says, and what follows.** `head` is the newest issued version of a source key, `fate` what was
decided of it. A first decision stays.

| arrives                                 | known of the source           | follows                            |
|-----------------------------------------|-------------------------------|------------------------------------|
| issue                                   | nothing                       | version 1                          |
| issue                                   | cancelled before it came      | version 1, withdrawn [1]           |
| issue, the first                        | replaced before it came       | version 1, withdrawn [2]           |
| issue, same content as head             | fate none                     | nothing (duplicate)                |
| issue, other content, not older         | fate none                     | version n+1, amends the head       |
| issue, older than head                  | any                           | nothing (stale)                    |
| issue, later than the cancellation      | head withdrawn                | version n+1 on its own             |
| issue                                   | replaced by another           | nothing (it has ended)             |
| issue that replaces another source      | that one active               | new version, amends it             |
| issue that replaces another source      | that one unknown              | remembered for when it comes       |
| issue that replaces another source      | withdrawn, not yet sent       | the withdrawal becomes an amendment|
| issue that replaces another source      | ended already                 | stands on its own [3]              |
| cancel                                  | nothing                       | remembered for when it comes       |
| cancel, not older than head             | fate none                     | head withdrawn                     |
| cancel                                  | any other                     | nothing (duplicate, stale, ended)  |

[1] Unless issued again later than that cancellation. [2] The registry wants a successor anchored later, which is no
longer possible; the paper that may exist must still be shown as invalid. [3] A document has one successor.

A document that cannot be read or mapped goes to **quarantine** (OPEN → RESOLVED by a good version of the same
source, or DISCARDED by a person) and changes nothing else.
"""

from __future__ import annotations

from enum import StrEnum


class DocumentState(StrEnum):
    """Where one issued version stands; see the table above."""

    HELD = "held"
    READY = "ready"
    BATCHED = "batched"
    ANCHORED = "anchored"
    DELIVERED = "delivered"
    DROPPED = "dropped"


class BatchState(StrEnum):
    """Where one batch stands."""

    FIXED = "fixed"
    SETTLED = "settled"
    FAILED = "failed"


class AuditHeadState(StrEnum):
    """Where one head of the backend's log of accesses stands."""

    WAITING = "waiting"
    BATCHED = "batched"
    TOLD = "told"
    """On chain, and the backend knows where."""


class MarkAction(StrEnum):
    """Which call of the document registry a mark is."""

    AMEND = "amend"
    WITHDRAW = "withdraw"


class MarkState(StrEnum):
    """Where one mark stands."""

    WAITING = "waiting"
    SUBMITTED = "submitted"
    SETTLED = "settled"
    FAILED = "failed"


class Fate(StrEnum):
    """What has been decided about the newest version of a source."""

    NONE = "none"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


class DeliveryEvent(StrEnum):
    """What the backend is told about a document."""

    ISSUED = "issued"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


class DeliveryState(StrEnum):
    """Where one delivery stands."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class QuarantineState(StrEnum):
    """Where one row that could not be mapped stands."""

    OPEN = "open"
    RESOLVED = "resolved"
    DISCARDED = "discarded"
