/*
 * What is well framed, and odd where an API is asked: paths, queries, headers that stand twice.
 */
#include "tests/integration/support_cases.h"

#define HOST "Host: a\r\n"
#define LIST "GET /api/v1/notifications"
#define REST " HTTP/1.1\r\n" HOST "<<auth>>\r\n"

/* --- queries: RFC 3986, 2.1 and 3.4 ------------------------------------------------------------
 */

static const struct hostile_case queries[] = {
    CASE("none", "200", STAYS, LIST REST),
    CASE("empty", "200", STAYS, LIST "?" REST),
    CASE("separators only", "200", STAYS, LIST "?&&=&;&" REST),
    CASE("unknown", "200", STAYS, LIST "?x=1&y=%00&z=%zz" REST),
    CASE("right", "200", STAYS, LIST "?limit=5" REST),
    CASE("a digit encoded", "200", STAYS, LIST "?limit=%35" REST),
    CASE("a name encoded", "200", STAYS, LIST "?%6cimit=5" REST),
    CASE("twice", "400", STAYS, LIST "?limit=5&limit=5" REST),
    CASE("twice, one encoded", "400", STAYS, LIST "?limit=5&%6cimit=6" REST),
    CASE("no value", "400", STAYS, LIST "?limit=" REST),
    CASE("no equals sign", "400", STAYS, LIST "?limit" REST),
    CASE("a plus", "400", STAYS, LIST "?limit=+5" REST),
    CASE("negative", "400", STAYS, LIST "?limit=-1" REST),
    CASE("hex", "400", STAYS, LIST "?limit=0x5" REST),
    CASE("a power", "400", STAYS, LIST "?limit=1e1" REST),
    CASE("20 digits", "400", STAYS, LIST "?limit=99999999999999999999" REST),
    CASE("a NUL behind it", "400", STAYS, LIST "?limit=5%00" REST),
    CASE("CRLF behind it", "400", STAYS, LIST "?limit=5%0d%0a" REST),
    CASE("percent and no hex", "400", STAYS, LIST "?limit=%zz" REST),
    CASE("percent at the end", "400", STAYS, LIST "?limit=5%" REST),
    CASE("overlong UTF-8", "400", STAYS, LIST "?limit=%c0%b5" REST),
    CASE("a semicolon", "400", STAYS, LIST "?limit=5;x=1" REST),
    CASE("brackets", "200", STAYS, LIST "?limit[]=5" REST),
    CASE("very many", "200", STAYS, LIST "?<<3000*&x>>" REST),
};
TABLE(queries);

/* --- paths: one name for one thing
 * ---------------------------------------------------------------- */

static const struct hostile_case paths[] = {
    CASE("the shorter prefix", "200", STAYS, "GET /api/notifications" REST),
    CASE("another version", "404", STAYS, "GET /api/v2/notifications" REST),
    CASE("a letter encoded", "404", STAYS, "GET /api/v1/%6eotifications" REST),
    CASE("a slash at the end", "404", STAYS, LIST "/" REST),
    CASE("two slashes", "404", STAYS, "GET /api//v1/notifications" REST),
    CASE("a dot", "404", STAYS, "GET /api/v1/./notifications" REST),
    CASE("two dots", "404", STAYS, "GET /api/v1/x/../notifications" REST),
    CASE("two encoded dots", "404", STAYS, "GET /api/v1/x/%2e%2e/notifications" REST),
    CASE("an encoded slash", "404", STAYS, "GET /api/v1%2fnotifications" REST),
    CASE("a parameter", "404", STAYS, LIST ";x=1" REST),
    CASE("capitals", "404", STAYS, "GET /api/v1/Notifications" REST),
    CASE("an encoded NUL", "404", STAYS, LIST "%00" REST),
    CASE("an encoded question mark", "404", STAYS, LIST "%3flimit=5" REST),
    CASE("out of the pages", "404", STAYS, "GET /doc/../metrics" REST),
    CASE("out of the pages, encoded", "404", STAYS, "GET /doc/%2e%2e/%2e%2e/etc/passwd" REST),
    CASE("a redirect that cannot be bent", "404", STAYS, "GET //doc" REST),
    CASE("very deep", "404", STAYS, "GET /api/v1<<3000*/a>>" REST),
};
TABLE(paths);

/* --- headers that an API looks at
 * ------------------------------------------------------------------ */

#define BEGIN LIST " HTTP/1.1\r\n" HOST

static const struct hostile_case looked_at[] = {
    CASE("a token of 7,000", "401", STAYS, BEGIN "Authorization: Bearer <<7000*a>>\r\n\r\n"),
    CASE("an empty token", "401", STAYS, BEGIN "Authorization: Bearer \r\n\r\n"),
    CASE("no scheme", "401", STAYS, BEGIN "Authorization: abc\r\n\r\n"),
    CASE("another scheme", "401", STAYS, BEGIN "Authorization: Basic YTpi\r\n\r\n"),
    CASE("a token of high bytes", "401", STAYS, BEGIN "Authorization: Bearer \xff\xfe\r\n\r\n"),
    CASE("a bad token behind a good one", "400", STAYS,
         BEGIN "<<auth>>Authorization: Bearer a.b.c\r\n\r\n"),
    CASE("a good token behind a bad one", "400", STAYS,
         BEGIN "Authorization: Bearer a.b.c\r\n<<auth>>\r\n"),
    CASE("a token in the query", "401", STAYS, LIST "?access_token=a.b.c HTTP/1.1\r\n" HOST "\r\n"),
    CASE("many languages", "200", STAYS,
         BEGIN "<<auth>>Accept-Language: <<500*ko,*;q=0.1,>>\r\n\r\n"),
    CASE("languages of nonsense", "200", STAYS,
         BEGIN "<<auth>>Accept-Language: ;;q=,-,\xff;q=9\r\n\r\n"),
    CASE("many ranges", "200", STAYS, BEGIN "<<auth>>Range: bytes=0-<<1000*,5-0>>\r\n\r\n"),
    CASE("every ETag", "200|304", STAYS, BEGIN "<<auth>>If-None-Match: *\r\n\r\n"),
    CASE("many ETags", "200", STAYS, BEGIN "<<auth>>If-None-Match: <<500*W/\"a\",>>\"b\"\r\n\r\n"),
    CASE("ETags left open", "200", STAYS, BEGIN "<<auth>>If-None-Match: \"a, W/, \"\r\n\r\n"),
    CASE("many cookies", "200", STAYS, BEGIN "<<auth>>Cookie: <<1000*a=b;>>\r\n\r\n"),
    CASE("cookies of nonsense", "200", STAYS, BEGIN "<<auth>>Cookie: ;=;==;\"\r\n\r\n"),
    CASE("many hops", "200", STAYS, BEGIN "<<auth>>X-Forwarded-For: <<1000*1.2.3,>>x\r\n\r\n"),
    CASE("another origin", "200|403", STAYS, BEGIN "<<auth>>Origin: https://b.example\r\n\r\n"),
    CASE("an origin of nonsense", "200|403", STAYS,
         BEGIN "<<auth>>Origin: null, http://a/b?c\r\n\r\n"),
    CASE("another method in a header", "200", STAYS,
         BEGIN "<<auth>>X-HTTP-Method-Override: DELETE\r\n\r\n"),
    CASE("a coded body", "415", STAYS,
         "<<post>>Content-Encoding: gzip\r\nContent-Length: 20\r\n\r\n<<body>>"),
    CASE("two keys", "400", STAYS,
         "<<post>>Idempotency-Key: a\r\nIdempotency-Key: b\r\nContent-Length: 20\r\n\r\n<<body>>"),
    CASE("a key of 7,000", "201|400", STAYS,
         "<<post>>Idempotency-Key: <<7000*k>>\r\nContent-Length: 20\r\n\r\n<<body>>"),
};
TABLE(looked_at);
