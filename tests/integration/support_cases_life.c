/*
 * What is no HTTP, what is asked before a body (RFC 9110, 10.1.1), and what is well framed and
 * refused for its content.
 */
#include "tests/integration/support_cases.h"

#define REQUEST "<<post>>Content-Length: 20\r\n\r\n<<body>>"

/* --- 100-continue ----------------------------------------------------------------------------- */

static const struct hostile_case expectations[] = {
    CASE("unknown", "417", EITHER,
         "<<post>>Expect: the-unexpected\r\nContent-Length: 20\r\n\r\n<<body>>"),
    CASE("one of two unknown", "417|400", EITHER,
         "<<post>>Expect: 100-continue, x\r\nContent-Length: 20\r\n\r\n<<body>>"),
    CASE("unknown, of a GET", "200|417", EITHER, "<<get>>Expect: x\r\n\r\n"),
    CASE("of a GET", "200", STAYS, "<<get>>Expect: 100-continue\r\n\r\n"),
    CASE("of an empty body", "400", STAYS,
         "<<post>>Expect: 100-continue\r\nContent-Length: 0\r\n\r\n"),
    CASE("of too much", "413", CLOSES,
         "<<post>>Expect: 100-continue\r\nContent-Length: 10000000\r\n\r\n"),
    CASE("of a path unknown", "404", EITHER,
         "POST /nowhere HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 20\r\n\r\n"),
    CASE("of a body framed in two ways", "400", CLOSES,
         "<<post>>Expect: 100-continue\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
    CASE("in HTTP/1.0", "201", CLOSES,
         "POST /api/v1/chat/messages HTTP/1.0\r\n<<auth>>Content-Type: application/json\r\n"
         "Expect: 100-continue\r\nContent-Length: 20\r\n\r\n<<body>>"),
};
TABLE(expectations);

/* --- no HTTP ---------------------------------------------------------------------------------- */

static const struct hostile_case noises[] = {
    CASE(
        "TLS 1.3 hello", "400|-", CLOSES,
        "\x16\x03\x01\x00\xc4\x01\x00\x00\xc0\x03\x03\xde\xad\xbe\xef\x00\x00\x00\x00\x00\x00\x00"
        "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x20"),
    CASE("SSL 2 hello", "400|-", CLOSES, "\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10"),
    CASE("SSH", "400|-", CLOSES, "SSH-2.0-OpenSSH_9.2\r\n"),
    CASE("a mail", "400|-", CLOSES, "EHLO example.org\r\n"),
    CASE("Redis", "400|-", CLOSES, "*1\r\n$4\r\nPING\r\n"),
    CASE("PROXY protocol", "400|-", CLOSES, "PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n<<get>>\r\n"),
    CASE("PROXY protocol 2", "400|-", CLOSES, "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c<<get>>\r\n"),
    CASE("a WebSocket frame", "400|-", CLOSES, "\x82\x85\1\2\3\4abcde"),
    CASE("an answer", "400|-", CLOSES, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    CASE("JSON", "400|-", CLOSES, "{\"no\":1}\n"),
    CASE("zeros", "400|-", CLOSES, "<<10000*\0>>"),
    CASE("high bytes", "400|-", CLOSES, "<<10000*\xff>>"),
    CASE("letters", "400|414|431|-", CLOSES, "<<20000*A>>"),
};
TABLE(noises);

/* --- errors that are no fault of the framing -------------------------------------------------- */

static const struct hostile_case errors[] = {
    CASE("404", "404", STAYS, "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n"),
    CASE("404, below the API", "404", STAYS, "GET /api/v1/nowhere HTTP/1.1\r\nHost: a\r\n\r\n"),
    CASE("405", "405", STAYS, "DELETE /healthz HTTP/1.1\r\nHost: a\r\n\r\n"),
    CASE("405, below the API", "405", STAYS,
         "PUT /api/v1/chat/messages HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"),
    CASE("401", "401", STAYS, "GET /api/v1/chat/messages HTTP/1.1\r\nHost: a\r\n\r\n"),
    CASE("401, a bent token", "401", STAYS,
         "GET /api/v1/chat/messages HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a.b.c\r\n\r\n"),
    CASE("400, no JSON", "400", STAYS, "<<post>>Content-Length: 2\r\n\r\n{]"),
    CASE("400, no object", "400", STAYS, "<<post>>Content-Length: 2\r\n\r\n[]"),
    CASE("400, a name twice", "400", STAYS, "<<post>>Content-Length: 13\r\n\r\n{\"a\":1,\"a\":1}"),
    CASE("400, a NUL in JSON", "400", STAYS,
         "<<post>>Content-Length: 21\r\n\r\n{\"no\":1,\"text\":\"h\0i\"}"),
    CASE("400, invalid UTF-8", "400", STAYS,
         "<<post>>Content-Length: 21\r\n\r\n{\"no\":1,\"text\":\"h\xff"
         "i\"}"),
    CASE("400, very deep", "400", STAYS, "<<post>>Content-Length: 2000\r\n\r\n<<2000*[>>"),
    CASE("400, a field missing", "400", STAYS, "<<post>>Content-Length: 8\r\n\r\n{\"no\":1}"),
    CASE("415", "415", STAYS,
         "POST /api/v1/chat/messages HTTP/1.1\r\nHost: a\r\n<<auth>>Content-Type: text/plain\r\n"
         "Content-Length: 20\r\n\r\n<<body>>"),
    CASE("HEAD of nothing", "404H", STAYS, "HEAD /nowhere HTTP/1.1\r\nHost: a\r\n\r\n"),
    CASE("OPTIONS", "200|204", STAYS, "OPTIONS /healthz HTTP/1.1\r\nHost: a\r\n\r\n"),
    CASE("all at once", "404 405 401 400 201 200", STAYS,
         "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n"
         "DELETE /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
         "GET /api/v1/chat/messages HTTP/1.1\r\nHost: a\r\n\r\n"
         "<<post>>Content-Length: 2\r\n\r\n{]" REQUEST "<<get>>\r\n"),
};
TABLE(errors);

const struct hostile_table *const hostile_tables[] = {
    &hostile_lines,   &hostile_request_lines, &hostile_targets,   &hostile_hosts,
    &hostile_headers, &hostile_connections,   &hostile_lengths,   &hostile_codings,
    &hostile_chunks,  &hostile_expectations,  &hostile_noises,    &hostile_errors,
    &hostile_queries, &hostile_paths,         &hostile_looked_at, NULL};
