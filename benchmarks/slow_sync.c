/* Preloaded into a server: every sync takes SYNC_MICROSECONDS longer, as on a slower disk. The sync itself is done. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static void wait_longer(void) {
    const char *written = getenv("SYNC_MICROSECONDS");
    long more = written ? atol(written) : 0;
    struct timespec span = {more / 1000000, (more % 1000000) * 1000};
    nanosleep(&span, NULL);
}

int fdatasync(int file) {
    wait_longer();
    return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(file);
}

int fsync(int file) {
    wait_longer();
    return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(file);
}
