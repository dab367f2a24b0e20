"""Engines turn speech into text; each is one file or small folder behind the seam in `base`."""
