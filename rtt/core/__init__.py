"""The pure heart: no I/O, no clock, no asyncio; time and randomness come as arguments."""
