/**
 * One header of a request.
 */
#ifndef EDGE_HTTP_HEADER_H
#define EDGE_HTTP_HEADER_H

#include "base/bytes.h"

#define HTTP_HEADERS_MAX 64

struct http_header {
    struct bytes name; /* of requests: as it came; look up with http_request_header */
    struct bytes value;
};

#endif
