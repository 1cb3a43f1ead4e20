"""Encrypted online backups of both databases in one portable form, and restores that check first."""

from persistence.backup.file import BackupDamaged, Summary
from persistence.backup.restore import Place, TargetNotEmpty, restore
from persistence.backup.take import take

__all__ = ["BackupDamaged", "Place", "Summary", "TargetNotEmpty", "restore", "take"]
