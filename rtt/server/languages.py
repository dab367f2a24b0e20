"""Which language a room speaks (DESIGN 4): there is no built-in default."""

from collections.abc import Sequence

from rtt.core.errors import LinkError
from rtt.core.wire.bounds import is_language
from rtt.core.wire.codes import Close


def choose(spoken: Sequence[str], engine: str, *wishes: str) -> str:
    """Return the first of `wishes` that is not empty, as the engine spells it.

    `spoken` are the engine's languages; "*" stands for all. Without any wish the only language it speaks is taken
    (its first region, where it lists several).
    Raises `LinkError` (4504) with the languages to choose from.
    """
    wish = next((wish for wish in wishes if wish), "")
    known = ", ".join(sorted(spoken))
    if not wish:
        if "*" not in spoken and len({language.partition("-")[0].casefold() for language in spoken}) == 1:
            return spoken[0]  # one language, whatever its regions
        raise LinkError(
            "The room has no language",
            f"the engine {engine} speaks more than one",
            f"Choose with --lang one of: {known}" if "*" not in spoken else "Choose one with --lang, such as en-US",
            code=Close.LANGUAGE,
        )
    if "*" in spoken and is_language(wish):
        return wish
    exact = {language.casefold(): language for language in spoken}
    if wish.casefold() in exact:
        return exact[wish.casefold()]
    family = [language for language in spoken if language.casefold().partition("-")[0] == wish.casefold()]
    if family:
        return family[0]
    raise LinkError(
        f"The engine {engine} does not speak {wish}"[:80],
        f"it speaks {known}",
        "Choose one of these with --lang, or another engine with rtt serve --engine",
        code=Close.LANGUAGE,
    )
