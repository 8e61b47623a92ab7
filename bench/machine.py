"""What the figures came from."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def processor() -> str:
    """The processor's name, or its kind where the system does not tell."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def machine() -> dict[str, str | int | None]:
    """Processor, cores, system and Python."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def in_words() -> str:
    """The same on one line, for a single measurement run by itself."""
    return f"{processor()}, {os.cpu_count()} cores, Python {platform.python_version()}"
