"""Brokers carry captions from the server that heard them to every server that shows them."""
