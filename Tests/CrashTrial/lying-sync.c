// A disk that lies: loaded before other libraries (LD_PRELOAD), it lets fsync and fdatasync return success without
// doing anything, for files below the directory that LYING_DIRECTORY names. Other files are synchronised as ever.
#define _GNU_SOURCE
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int is_lied_about(int file) {
    const char *directory = getenv("LYING_DIRECTORY");
    if (!directory || !*directory) return 0;
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return strncmp(path, directory, strlen(directory)) == 0;
}

int fsync(int file) { return is_lied_about(file) ? 0 : (int)syscall(SYS_fsync, file); }

int fdatasync(int file) { return is_lied_about(file) ? 0 : (int)syscall(SYS_fdatasync, file); }
