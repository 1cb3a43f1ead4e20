"""Pure cryptography and credentials: passwords, one-time codes, tokens, ciphers, limits."""
