#include "edge/http_error.h"

#include <stdio.h>

struct row {
    int status;
    const char *phrase;
    const char *code;
};

static const struct row rows[] = {
    {200, "OK", ""},
    {201, "Created", ""},
    {202, "Accepted", ""},
    {204, "No Content", ""},
    {206, "Partial Content", ""},
    {301, "Moved Permanently", ""},
    {302, "Found", ""},
    {303, "See Other", ""},
    {304, "Not Modified", ""},
    {307, "Temporary Redirect", ""},
    {308, "Permanent Redirect", ""},
    {400, "Bad Request", "MALFORMED"},
    {401, "Unauthorized", "UNAUTHENTICATED"},
    {403, "Forbidden", "FORBIDDEN"},
    {404, "Not Found", "NOT_FOUND"},
    {405, "Method Not Allowed", "INVALID_ARGUMENT"},
    {406, "Not Acceptable", "INVALID_ARGUMENT"},
    {408, "Request Timeout", "MALFORMED"},
    {409, "Conflict", "EXISTS"},
    {410, "Gone", "NOT_FOUND"},
    {411, "Length Required", "MALFORMED"},
    {412, "Precondition Failed", "INVALID_ARGUMENT"},
    {413, "Content Too Large", "TOO_LARGE"},
    {415, "Unsupported Media Type", "INVALID_ARGUMENT"},
    {416, "Range Not Satisfiable", "INVALID_ARGUMENT"},
    {417, "Expectation Failed", "INVALID_ARGUMENT"},
    {421, "Misdirected Request", "INVALID_ARGUMENT"},
    {422, "Unprocessable Content", "INVALID_ARGUMENT"},
    {426, "Upgrade Required", "INVALID_ARGUMENT"},
    {428, "Precondition Required", "INVALID_ARGUMENT"},
    {429, "Too Many Requests", "RATE_LIMITED"},
    {431, "Request Header Fields Too Large", "TOO_LARGE"},
    {500, "Internal Server Error", "INTERNAL"},
    {501, "Not Implemented", "INVALID_ARGUMENT"},
    {503, "Service Unavailable", "BUSY"},
    {505, "HTTP Version Not Supported", "INVALID_ARGUMENT"},
    {507, "Insufficient Storage", "STORAGE_FULL"},
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
    return snprintf(out, size,
                    "{\"status\":\"error\",\"error\":{\"code\":\"%s\",\"message\":\"%s\"}}\n",
                    find(status)->code, message);
}
