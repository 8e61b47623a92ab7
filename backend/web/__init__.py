"""The pages' frame: templates, language, static files. Knows no domain."""
