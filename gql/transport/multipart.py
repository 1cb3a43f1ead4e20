"""Subscriptions over multipart/mixed, as Apollo's clients and router speak it (subscriptionSpec=1.0)."""

from gql.transport.messages import errors_of


class Multipart:
    """Frames of multipart/mixed; each ends with the boundary, or clients would wait for the next to read it."""

    content_type = b'multipart/mixed;boundary="graphql";subscriptionSpec=1.0'
    opening = b"--graphql"
    closing = b"--\r\n"

    def __init__(self) -> None:
        self.heartbeat = self._part(b"{}")

    def event(self, body: bytes) -> bytes:
        """Return the part of one GraphQL response."""
        return self._part(b'{"payload":%b}' % body)

    def ended(self, body: bytes) -> bytes:
        """Return the part that says why the server ends the stream: a transport error of the protocol."""
        return self._part(b'{"payload":null,"errors":%b}' % errors_of(body))

    def _part(self, content: bytes) -> bytes:
        return b"\r\ncontent-type: application/json\r\n\r\n%b\r\n--graphql" % content
