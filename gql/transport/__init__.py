"""The protocols of the GraphQL API: HTTP, websocket, SSE, multipart and uploads; our own, thin and strict."""
