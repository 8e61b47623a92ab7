"""The watch agent beside each validator.

Clique can stop for ever after an ordinary partition: two tips of equal weight, every validator on the one it
sealed itself, nobody allowed to seal again. Nothing in geth ends that. The agent does, and while it is there it keeps
the signer set equal to the registry's and the node's links complete.

`halts`, `votes` and `peering` decide, as pure functions of what is known; `agent` carries out; `server` shows other
agents what this node knows; `peer` asks them.
"""
