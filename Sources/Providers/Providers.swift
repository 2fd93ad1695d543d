// Providers: the clouds' dialects. Imports Core, Codec and Signing; pure functions over values that never change after
// init, hence no owner and any thread. No clock, no I/O, no randomness.
