"""A stand-in for a Korean hospital system (HIS): a database as vendors lay it out, filled with a synthetic day.

Three faces: the vendor's own tables (`schema`), read-only views for the relay server with and without a change
stamp (`views`), and a small web service on loopback (`service`). The content comes from a deterministic generator
(`day`); beside every row it writes a *manifest* (`truth`), which says what a correct reader must end with.

Nothing in it is a real person, doctor or hospital. It refuses to run when ``SAEGIM_ENV=production``.
"""

from __future__ import annotations
