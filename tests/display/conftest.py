"""The browser for everything a display shows."""

from tests.harness.browser import browser as browser
