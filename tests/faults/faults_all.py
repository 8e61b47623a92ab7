"""Every fault, in the order in which they run."""

from __future__ import annotations

import faults_clock
import faults_database
import faults_members
import faults_nodes
import faults_oracle
import faults_reorg
from fault import Fault

FAULTS: tuple[Fault, ...] = (
    *faults_oracle.FAULTS,
    *faults_nodes.FAULTS,
    *faults_reorg.FAULTS,
    *faults_database.FAULTS,
    *faults_members.FAULTS,
    *faults_clock.FAULTS,
)
