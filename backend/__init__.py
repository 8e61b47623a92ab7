"""The mobile server (모바일 서버) of the DMZ: patient flows, JSON API, server-rendered pages."""
