"""Migration histories of the backend's two databases: `main` (documents) and `keys` (wrapped document keys)."""
