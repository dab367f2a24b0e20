"""Which languages the service hears."""

from rtt.core.wire.bounds import is_language
from rtt.engines.transcribe.languages import LANGUAGES
from rtt.server.languages import choose


def test_every_code_is_a_language_once() -> None:
    """The list is what the service's model has, 99 codes, and no tag that a room could not be given."""
    assert len(LANGUAGES) == len(set(LANGUAGES)) == 99
    assert all(is_language(code) for code in LANGUAGES)
    assert {"it-IT", "en-US", "ckb-IQ"} <= set(LANGUAGES)


def test_codes_that_only_files_are_heard_in_are_not_listed() -> None:
    """The service has a longer list for files; a stream in one of those would be refused when the talk begins."""
    assert not {"mt-MT", "wo-SN", "ug-CN", "az-AZ"} & set(LANGUAGES)


def test_a_tag_without_region_means_the_widest_spoken() -> None:
    """English alone is the American one, Italian the only one."""
    assert [choose(LANGUAGES, "transcribe", wish) for wish in ("en", "it", "de", "FR")] == [
        "en-US",
        "it-IT",
        "de-DE",
        "fr-FR",
    ]
