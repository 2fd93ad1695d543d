// AigcABI: the C functions of aigc.h, the configuration behind them, and the one place that puts a client together
// (Composition.swift). Imports everything; knows nothing of how a job runs: a C function checks its arguments, finds the
// object behind a handle, and calls the engine. Any thread may call; what each handle demands is in aigc.h. Nothing here
// may trap: a Swift trap kills the host.
