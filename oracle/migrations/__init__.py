"""Migration history of the oracle's database: the pipeline's tables and the sender's."""
