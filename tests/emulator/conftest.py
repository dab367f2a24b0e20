"""Gives the emulator to every test here."""

from tests.emulator.stage import e, running_emulator

__all__ = ["e", "running_emulator"]
