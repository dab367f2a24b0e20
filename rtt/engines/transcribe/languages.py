"""The languages that Amazon Transcribe hears in a stream."""

_CODES = """
en-US en-GB en-AB en-AU en-IE en-IN en-NZ en-WL en-ZA it-IT de-DE de-CH fr-FR fr-CA es-ES es-US pt-PT pt-BR
af-ZA ar-SA ar-AE ca-ES cs-CZ da-DK el-GR eu-ES fa-IR fi-FI gl-ES he-IL hi-IN hr-HR id-ID ja-JP ko-KR lv-LV
ms-MY nl-NL no-NO pl-PL ro-RO ru-RU sk-SK so-SO sr-RS sv-SE th-TH tl-PH uk-UA vi-VN zh-CN zh-HK zh-TW zu-ZA
"""
LANGUAGES = tuple(_CODES.split())
"""The `LanguageCode` values of StartStreamTranscription; the first of a language serves a tag without region."""
