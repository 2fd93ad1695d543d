#include "block.c"
#include "guide.h"

int main(void)
{
    void *library = load_aigc(getenv("AIGC_LIBRARY"), AIGC_VERSION_MAJOR, AIGC_VERSION_MINOR);
    NEED(library && dlsym(library, "aigc_client_submit"));
    NEED(load_aigc(NULL, AIGC_VERSION_MAJOR, 0) == library); /* by its soname it is the same */
    NEED(!load_aigc(NULL, AIGC_VERSION_MAJOR + 1, 0) && !load_aigc(NULL, AIGC_VERSION_MAJOR, AIGC_VERSION_MINOR + 1));
    NEED(!load_aigc("/nowhere/libaigc.so.1", AIGC_VERSION_MAJOR, 0) && !load_aigc("libc.so.6", AIGC_VERSION_MAJOR, 0));
    END();
}
