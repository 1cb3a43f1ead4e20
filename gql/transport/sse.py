"""Server-sent events, in the distinct connections mode of the graphql-sse protocol."""


class SSE:
    """Frames of text/event-stream; they end in \\n\\n, because urql splits on nothing else."""

    content_type = b"text/event-stream; charset=utf-8"
    opening = b":\n\n"
    heartbeat = b":\n\n"
    closing = b"event: complete\ndata: \n\n"

    def event(self, body: bytes) -> bytes:
        """Return the frame of one GraphQL response; a line end in JSON is white space, here it would end the data."""
        return b"event: next\ndata: %b\n\n" % body.replace(b"\n", b" ").replace(b"\r", b" ")

    def ended(self, body: bytes) -> bytes:
        """Return the frame that says why the server ends the stream."""
        return self.event(body)
