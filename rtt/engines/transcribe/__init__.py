"""Amazon Transcribe Streaming: the engine for talks before an audience."""
