"""The embedded engine: English, acoustic, offline; each room's decoder lives in a process of its own."""
