"""Live captions for conference rooms: capture, server, display."""

__version__ = "0.1.0"
