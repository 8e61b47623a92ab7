"""Persons: sign-up, passkeys, sessions, and which hospital's patient a person is.

A *person* is an account of the app; a *patient* is who the hospital knows by a registration number. A person is bound
to a patient once the hospital has seen both together (예비등록, then the first visit).

Invariants: a ceremony's challenge is used once; a session's token is stored as a digest only; a person's name, birth
date and telephone are sealed under a key of their own, whose destruction erases them; one identity (CI) is one person.
Nothing of this goes on chain.
"""
