"""The validator network: genesis, nodes, watch agent, deployment and trust file."""
