// Swift's runtime reads variables of its own (SWIFT_BACKTRACE, SWIFT_DEBUG_...) while a library that holds it is loaded. With
// SWIFT_BACKTRACE=enable=yes the runtime installs handlers for seven signals in the host, writes to standard error and looks
// for a program that it starts on a crash; another variable names a library to load. All of them are for people who debug
// Swift, none is for a host that does not know that there is Swift here. The library is linked with --wrap, so that these
// functions stand in the place of the runtime's own: each variable counts as not set, and no handler is installed.
void __wrap__ZN5swift7runtime11environment10initializeEPv(void *context);
int __wrap__swift_installCrashHandler(void);

void __wrap__ZN5swift7runtime11environment10initializeEPv(void *context)
{
    (void)context;
}

int __wrap__swift_installCrashHandler(void)
{
    return 0;
}
