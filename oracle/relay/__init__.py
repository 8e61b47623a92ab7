"""The relay API: what the backend asks of the hospital system, one person at a time (docs/relay.md).

Invariants: nobody but the holder of a listed key is answered; a token is good for one request, once, for at most a
minute; an answer never leaves the scope that the token names; what cannot be noted is not answered; numbers and names
are in no log, no address, no metric, and in the log of requests only as keyed hashes. Nothing goes on chain.
"""
