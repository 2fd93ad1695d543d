// Credentials: finds the key of a provider and renews it. One file a source, one chain a provider. Imports Core, Codec
// and Signing. Slow (files, HTTP, processes): runs on the engine's credential worker, never on a caller's thread; a
// chain is asked by one thread at a time and keeps nothing but the source that it has settled on.
