"""Where capture, server and display meet: frames, codes and bounds of the two WebSockets."""
