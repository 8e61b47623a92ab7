"""Python face of the contracts: client, engine, sender, follower, light proofs, trees, signing.

Knows no medical record, no web page and no business table. See docs/architecture.md.
"""
