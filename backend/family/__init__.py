"""Family: guardians of children and delegates of adults, by a declared matrix."""

from __future__ import annotations
