#include "edge/http_error.h"

#include <stdio.h>

struct row {
    int status;
    const char *phrase;
    const char *code;
};

static const struct row rows[] = {
    {400, "Bad Request", "INVALID_ARGUMENT"},
    {403, "Forbidden", "FORBIDDEN"},
    {404, "Not Found", "NOT_FOUND"},
    {405, "Method Not Allowed", "INVALID_ARGUMENT"},
    {413, "Content Too Large", "TOO_LARGE"},
    {426, "Upgrade Required", "INVALID_ARGUMENT"},
    {501, "Not Implemented", "INVALID_ARGUMENT"},
    {503, "Service Unavailable", "BUSY"},
};

static const struct row *find(int status)
{
    static const struct row other = {500, "Error", "INTERNAL"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].status == status) {
            return &rows[i];
        }
    }
    return &other;
}

const char *http_error_phrase(int status)
{
    return find(status)->phrase;
}

int http_error_body(int status, const char *message, char *out, size_t size)
{
    return snprintf(out, size, "{\"error\":{\"code\":\"%s\",\"message\":\"%s\"}}\n",
                    find(status)->code, message);
}
