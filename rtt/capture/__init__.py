"""Beside the mixer: a source of sound, held until it is settled, sent to the server."""
