"""Other institutions' servers at the door: OAuth 2 client credentials, and what each institution may be given.

A client proves itself with a JWT signed by its own key (RFC 7523, as SMART Backend Services has it); there is no
shared secret. Which kinds of documents an institution may be given, which of their fields, and what for, stands in its
data-scope sheet (`deploy/scope/`).

Invariants: an assertion is good once and for five minutes at most; an access token is stored as a digest only and ends
with its client's suspension; what no sheet names is refused.
"""
