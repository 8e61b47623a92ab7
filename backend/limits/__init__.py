"""How often somebody may try: rate limits and lock-outs, counted in the database that all backend processes share.

Two kinds, named in `rules`:

- A *rate* (`Limited`, `service.spend`): so many in a window, for an address block, a telephone number, everybody.
- A *guess* (`Guessed`): whoever gives wrong answers at a door is locked out for a time that doubles. The pair of
  account and address block is locked first, the address block later, the account alone much later: a stranger who
  knows an account cannot keep its owner out. A right answer clears the pair.

Invariants: no lock is for ever; of many requests at the same moment no more pass than the rule says, because a try is
counted before it is looked at and given back when it was right; the table holds keyed digests, so that it tells no
address, number or account; a page that is only read costs no write. Nothing goes on chain.

Why no library: `limits` (and with it slowapi) keeps its counts in memory, Redis, Memcached or MongoDB, none of which
this system runs; `pyrate-limiter` knows SQLite and PostgreSQL, but makes a table for each name outside the migrations,
a row for each hit, by its own clock, and has no lock-out.
"""
