"""Planted faults whose root is a rule of content (内容, CT) or of time (时限, TL).

Entries of readings and equipment are in ``faults_content``, of certificates and claims in ``faults_claims``, of time in ``faults_time``;
README.md says how to add one.
"""

from __future__ import annotations

from tests.pipeline.planted.fault import Fault
from tests.pipeline.planted.faults_claims import FAULTS as CLAIMS
from tests.pipeline.planted.faults_content import FAULTS as CONTENT
from tests.pipeline.planted.faults_time import FAULTS as TIME

FAULTS: tuple[Fault, ...] = (*CONTENT, *CLAIMS, *TIME)
