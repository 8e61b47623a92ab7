"""Checking a document that somebody brings: by file, by paste, by link. For everyone, without signing in.

Invariants: the same code as `saegim-verify` decides; what is brought is not stored; only links to this server or to
members named in the settings are followed, never another address. Nothing of this goes on chain.
"""
