"""What readers see: the page in a browser, and the captions in a terminal."""
