// Signing: (request, credentials, instant, nonce) -> headers, as pure functions. Imports Core, Codec and CCrypto. Holds
// no state but the key cache that a caller may pass; any thread.
