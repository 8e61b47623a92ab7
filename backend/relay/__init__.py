"""The way to the hospital system: through the oracle's relay, one person at a time (docs/relay.md).

Invariants: the backend has no address, account or driver settings of the hospital's database; every request names for
whom, why and on whose behalf, and the oracle answers nothing else; no name or number of a person is in an address, a
log or an error. Nothing goes on chain.
"""
