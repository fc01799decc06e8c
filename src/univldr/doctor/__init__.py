"""What is wrong with an index, what it means, and what to do about it."""

from univldr.doctor.examine import examine
from univldr.doctor.findings import Examination, Finding, Level

__all__ = ["Examination", "Finding", "Level", "examine"]
