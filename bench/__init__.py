"""What is measured and how. Results are printed with the machine they came from."""
