"""`rtt` and `python -m rtt`."""

from rtt.commands.main import main

if __name__ == "__main__":
    main()
