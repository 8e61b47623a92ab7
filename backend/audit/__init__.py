"""The record of accesses: who did what to whose record, when, from where and why; append-only and hash-chained.

Invariants: lines are numbered 1, 2, 3 … without gaps, and so are the lines of each patient; each line's hash covers
all its fields and the hash of the line before; a line is never changed, and removed only as part of the whole oldest
range, after two years, behind a checkpoint that the log itself vouches for. On chain, in anchor batches, go only
salted commitments to the log's head: they show that no line at or before it was changed, and tell nothing else.

Other domains write through `service.note`, or one of its halves: `service.append` (part of their own transaction)
and `service.record` (on its own, for refusals, which must outlive the transaction that is rolled back), with
`entries.Entry` and the words of `terms`.
"""
