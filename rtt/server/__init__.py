"""One server for all rooms: it hears, guards, numbers, keeps and shows."""
