/**
 * The files of the pages, which the build puts into the program: scripts/embed-pages.sh writes the
 * table. Internal to edge/.
 */
#ifndef EDGE_PAGES_FILES_H
#define EDGE_PAGES_FILES_H

#include <stddef.h>
#include <stdint.h>

struct page_file {
    const char *path;  /* "/doc/" */
    const char *media; /* "text/html; charset=utf-8" */
    const uint8_t *plain, *plain_end;
    const uint8_t *gzip, *gzip_end; /* the same bytes, compressed */
};

extern const struct page_file page_files[];
extern const size_t page_file_count;

#endif
