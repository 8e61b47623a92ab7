"""Every fault, in the order in which they run."""

from __future__ import annotations

import faults_nodes
import faults_oracle
import faults_reorg
from fault import Fault

FAULTS: tuple[Fault, ...] = (*faults_oracle.FAULTS, *faults_nodes.FAULTS, *faults_reorg.FAULTS)
