"""The command line: one file per command, each thin, with heavy imports inside its function."""
