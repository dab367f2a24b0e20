import shlex

from rtt.capture.target import Target, resume_command


def test_the_command_for_later_can_be_pasted() -> None:
    """It names room and server, quoted as a shell needs it, and never a password."""
    later = Target("wss://me:secret@captions.example.org/a;b/", "aula1").later
    assert "secret" not in later
    assert shlex.split(later)[:5] == ["rtt", "capture", "--resume", "--room", "aula1"]
    assert shlex.split(later)[5:] == ["--server", "wss://captions.example.org/a;b"]
    assert resume_command("aula1", "ws://127.0.0.1:8000") == Target("ws://127.0.0.1:8000", "aula1").later
