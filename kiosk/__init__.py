"""The kiosk's own process: screens, session and devices; a client of the backend."""
