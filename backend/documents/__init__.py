"""Documents of the hospital's patients: received from the oracle, kept encrypted, proven on demand, shared by link.

Invariants: a delivery is taken once, however often it comes; a document is taken only when its credential, leaf and
path belong together and its issuer's registered key signed it; content is stored sealed only (`backend.vault`);
erasing destroys the key. On chain is only what the oracle anchored: the batch root and the document's mark.
"""
