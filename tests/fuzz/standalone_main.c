// Runs a fuzz target over the files and folders named on the command line, for compilers without
// libFuzzer. Fails when it found no input: a corpus that vanished must not look like success.
#include <errno.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_OPEN_FOLDERS = 16 };

static size_t inputs_run;

static int run_file(const char *path, size_t size_bytes)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    // Exactly as large as the input, so that a sanitizer sees the first byte read beyond it.
    uint8_t *data = malloc(size_bytes > 0 ? size_bytes : 1);
    int result = -1;
    if (data != NULL && fread(data, 1, size_bytes, file) == size_bytes) {
        (void)LLVMFuzzerTestOneInput(data, size_bytes);
        inputs_run++;
        result = 0;
    } else {
        fprintf(stderr, "%s: cannot be read\n", path);
    }
    free(data);
    fclose(file);
    return result;
}

static int visit(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)place;
    if (type == FTW_F) {
        return run_file(path, (size_t)status->st_size);
    }
    return type == FTW_D ? 0 : -1;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (nftw(argv[i], visit, MAX_OPEN_FOLDERS, FTW_PHYS) != 0) {
            fprintf(stderr, "%s: not all of it could be run\n", argv[i]);
            return EXIT_FAILURE;
        }
    }
    printf("inputs %zu\n", inputs_run);
    return inputs_run > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
