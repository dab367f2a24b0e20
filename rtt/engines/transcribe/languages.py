"""The languages that Amazon Transcribe hears in a stream.

Source: the enumeration `LanguageCode` of StartStreamTranscription in Amazon's service model, as two generated clients
carry it: aws-sdk-transcribe-streaming 0.12.0 for Python and client-transcribe-streaming 3.1141.0 for JavaScript list
the same 99 codes. (`LanguageCode` in botocore's model `transcribe` is for recorded files, and longer: 117.)
"""

_CODES = """
en-US en-GB en-AB en-AU en-IE en-IN en-NZ en-WL en-ZA it-IT de-DE de-CH fr-FR fr-CA es-ES es-US es-MX pt-PT pt-BR
af-ZA am-ET ar-SA ar-AE be-BY bg-BG bn-IN bs-BA ca-ES ckb-IQ ckb-IR cs-CZ cy-WL da-DK el-GR et-ET eu-ES fa-IR
fa-AF fi-FI gl-ES gu-IN he-IL hi-IN hr-HR ht-HT hu-HU hy-AM id-ID is-IS ja-JP jv-ID ka-GE kab-DZ kk-KZ km-KH
kn-IN ko-KR lg-IN lt-LT lv-LV mk-MK ml-IN mr-IN ms-MY my-MM ne-NP nl-NL no-NO or-IN pa-IN pl-PL ps-AF ro-RO ru-RU
si-LK sk-SK sl-SI so-SO sq-AL sr-RS su-ID sv-SE sw-KE sw-BI sw-RW sw-TZ sw-UG ta-IN te-IN th-TH tl-PH tr-TR uk-UA
uz-UZ vi-VN zh-CN zh-HK zh-TW zu-ZA
"""
LANGUAGES = tuple(_CODES.split())
"""Its values; the first of a language serves a tag without region."""
