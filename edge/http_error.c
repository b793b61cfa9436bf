#include "edge/http_error.h"

#include <stdio.h>

#include "base/error.h"

struct row {
    int status;
    const char *phrase;
    int error; /* 0: none */
};

static const struct row rows[] = {
    {200, "OK", 0},
    {201, "Created", 0},
    {202, "Accepted", 0},
    {204, "No Content", 0},
    {206, "Partial Content", 0},
    {301, "Moved Permanently", 0},
    {302, "Found", 0},
    {303, "See Other", 0},
    {304, "Not Modified", 0},
    {307, "Temporary Redirect", 0},
    {308, "Permanent Redirect", 0},
    {400, "Bad Request", ERR_MALFORMED},
    {401, "Unauthorized", ERR_UNAUTHENTICATED},
    {403, "Forbidden", ERR_FORBIDDEN},
    {404, "Not Found", ERR_NOT_FOUND},
    {405, "Method Not Allowed", ERR_METHOD_NOT_ALLOWED},
    {406, "Not Acceptable", ERR_INVALID_ARGUMENT},
    {408, "Request Timeout", ERR_REQUEST_TIMEOUT},
    {409, "Conflict", ERR_EXISTS},
    {410, "Gone", ERR_NOT_FOUND},
    {411, "Length Required", ERR_LENGTH_REQUIRED},
    {412, "Precondition Failed", ERR_INVALID_ARGUMENT},
    {413, "Content Too Large", ERR_TOO_LARGE},
    {415, "Unsupported Media Type", ERR_UNSUPPORTED_MEDIA_TYPE},
    {416, "Range Not Satisfiable", ERR_INVALID_ARGUMENT},
    {417, "Expectation Failed", ERR_EXPECTATION_FAILED},
    {421, "Misdirected Request", ERR_INVALID_ARGUMENT},
    {422, "Unprocessable Content", ERR_INVALID_ARGUMENT},
    {426, "Upgrade Required", ERR_INVALID_ARGUMENT},
    {428, "Precondition Required", ERR_INVALID_ARGUMENT},
    {429, "Too Many Requests", ERR_RATE_LIMITED},
    {431, "Request Header Fields Too Large", ERR_HEADERS_TOO_LARGE},
    {500, "Internal Server Error", ERR_INTERNAL},
    {501, "Not Implemented", ERR_NOT_IMPLEMENTED},
    {503, "Service Unavailable", ERR_BUSY},
    {505, "HTTP Version Not Supported", ERR_VERSION_NOT_SUPPORTED},
    {507, "Insufficient Storage", ERR_STORAGE_FULL},
};

#define ROW_COUNT (sizeof rows / sizeof rows[0])

static const struct row *find(int status)
{
    static const struct row other = {500, "Error", ERR_INTERNAL};
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (rows[i].status == status) {
            return &rows[i];
        }
    }
    return &other;
}

unsigned http_error_index(int status)
{
    for (unsigned i = 0; i < ROW_COUNT; i++) {
        if (rows[i].status == status) {
            return i;
        }
    }
    return http_error_index(500);
}

int http_error_status_at(unsigned index)
{
    return index < ROW_COUNT ? rows[index].status : 0;
}

const char *http_error_phrase(int status)
{
    return find(status)->phrase;
}

int http_error_of(int status)
{
    int error = find(status)->error;
    return error != 0 ? error : ERR_INTERNAL;
}

int http_error_body(int status, const char *message, char *out, size_t size)
{
    return snprintf(out, size,
                    "{\"status\":\"error\",\"error\":{\"code\":\"%s\",\"message\":\"%s\"}}\n",
                    error_name(http_error_of(status)), message);
}
