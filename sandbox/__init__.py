"""Stand-ins for the parties outside, for the demo and the tests. Refuses to run in production."""
