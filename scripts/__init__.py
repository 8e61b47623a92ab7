"""Commands for people: `ape run …` and the programs behind the Makefile."""
