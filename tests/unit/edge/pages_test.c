#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "edge/pages.h"
#include "wire/record.h"

static struct pages *pages;

static int set_up(void **state)
{
    (void)state;
    pages = pages_create(&(struct pages_config){.openapi = text_of("{\"openapi\":\"3.1.0\"}"),
                                                .jwks = text_of("{\"keys\":[]}")});
    return pages == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    pages_destroy(pages);
    pages_destroy(NULL);
    return 0;
}

/** The answer to a request with at most two headers. */
static struct http_response ask(const char *path, const char *name, const char *value,
                                const char *other_name, const char *other_value)
{
    const struct page *page = pages_find(pages, text_of(path));
    assert_non_null(page);
    struct http_header headers[2];
    uint32_t count = 0;
    if (name != NULL) {
        headers[count++] = (struct http_header){text_of(name), text_of(value)};
    }
    if (other_name != NULL) {
        headers[count++] = (struct http_header){text_of(other_name), text_of(other_value)};
    }
    struct http_request request = {.method = HTTP_GET,
                                   .method_text = text_of("GET"),
                                   .path = text_of(path),
                                   .headers = headers,
                                   .header_count = count};
    return page_answer(page, &request);
}

/** The value of a header of the answer, copied into `out`; "" if it is not there. */
static const char *header(const struct http_response *response, const char *name, char out[512])
{
    char line[128];
    size_t len = (size_t)snprintf(line, sizeof line, "%s: ", name);
    const char *at = memmem(response->headers.data, response->headers.len, line, len);
    out[0] = '\0';
    if (at != NULL) {
        const char *headers_end = (const char *)response->headers.data + response->headers.len;
        const char *end = memmem(at, (size_t)(headers_end - at), "\r\n", 2);
        assert_non_null(end);
        assert_true(end - at < 512);
        (void)snprintf(out, 512, "%.*s", (int)(end - at - (ptrdiff_t)len), at + len);
    }
    return out;
}

static void assert_header(const struct http_response *response, const char *name,
                          const char *expected)
{
    char value[512];
    assert_string_equal(header(response, name, value), expected);
}

static void only_its_paths_are_pages(void **state)
{
    (void)state;
    static const char *const there[] = {"/",     "/style.css",    "/doc",
                                        "/doc/", "/openapi.json", "/.well-known/jwks.json"};
    static const char *const absent[] = {"",      "/doc//",      "/doc/../", "/%64oc/", "/DOC/",
                                         "/doc?", "/doc/absent", "//",       "/healthz"};
    for (size_t i = 0; i < sizeof there / sizeof there[0]; i++) {
        assert_non_null(pages_find(pages, text_of(there[i])));
    }
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        assert_null(pages_find(pages, text_of(absent[i])));
    }
    assert_null(pages_find(pages, text_of("/asyncapi.json"))); /* was not given */
}

static void a_document_is_what_was_given(void **state)
{
    (void)state;
    struct http_response response = ask("/openapi.json", "accept-encoding", "gzip", NULL, NULL);
    assert_int_equal(response.status, 200);
    assert_true(bytes_equal(response.body, text_of("{\"openapi\":\"3.1.0\"}")));
    assert_header(&response, "content-type", "application/json");
    assert_header(&response, "content-encoding", "");
    assert_header(&response, "x-content-type-options", "nosniff");
    assert_header(&response, "content-security-policy",
                  "default-src 'none'; frame-ancestors 'none'");
}

static void pages_may_run_no_script_but_our_files(void **state)
{
    (void)state;
    char policy[512];
    struct http_response response = ask("/doc/", NULL, NULL, NULL, NULL);
    (void)header(&response, "content-security-policy", policy);
    assert_non_null(strstr(policy, "default-src 'none'; script-src 'self'; style-src 'self'; "));
    assert_non_null(strstr(policy, "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"));
    assert_null(strstr(policy, "unsafe"));
    assert_null(memmem(response.body.data, response.body.len, "<script>", 8));
    assert_null(memmem(response.body.data, response.body.len, "style=", 6));
    assert_header(&response, "x-frame-options", "DENY");
    assert_header(&response, "referrer-policy", "no-referrer");
}

static void who_takes_gzip_gets_it(void **state)
{
    (void)state;
    static const struct {
        const char *accepted;
        bool small;
    } cases[] = {{"gzip", true},
                 {"br, GZIP;q=0.5", true},
                 {"deflate , gzip ; q=1.0, br", true},
                 {"gzip;q=0", false},
                 {"gzip; q=0.000", false},
                 {"gzipped", false},
                 {"identity", false},
                 {"", false},
                 {"br;q=1.0, *;q=0", false}};
    struct http_response plain = ask("/", NULL, NULL, NULL, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct http_response response = ask("/", "accept-encoding", cases[i].accepted, NULL, NULL);
        assert_int_equal(response.status, 200);
        assert_header(&response, "content-encoding", cases[i].small ? "gzip" : "");
        assert_header(&response, "vary", "accept-encoding");
        assert_header(&response, "content-type", "text/html; charset=utf-8");
        assert_int_equal(cases[i].small, response.body.data[0] == 0x1f);
        assert_int_equal(cases[i].small, response.body.len != plain.body.len);
    }
}

static void who_has_it_is_not_sent_it_again(void **state)
{
    (void)state;
    char plain[512], small[512], list[600];
    struct http_response response = ask("/", NULL, NULL, NULL, NULL);
    (void)header(&response, "etag", plain);
    response = ask("/", "accept-encoding", "gzip", NULL, NULL);
    (void)header(&response, "etag", small);
    assert_string_not_equal(plain, small); /* other bytes, another tag */
    (void)snprintf(list, sizeof list, "\"other\", W/%s", plain);
    response = ask("/", "if-none-match", list, NULL, NULL);
    assert_int_equal(response.status, 304);
    assert_int_equal(response.body.len, 0);
    assert_header(&response, "etag", plain);
    response = ask("/", "if-none-match", plain, "accept-encoding", "gzip");
    assert_int_equal(response.status, 200);
    response = ask("/", "if-none-match", small, "accept-encoding", "gzip");
    assert_int_equal(response.status, 304);
    response = ask("/", "if-none-match", "\"other\"", NULL, NULL);
    assert_int_equal(response.status, 200);
}

static void doc_leads_to_its_folder(void **state)
{
    (void)state;
    struct http_response response = ask("/doc", "if-none-match", "*", NULL, NULL);
    assert_int_equal(response.status, 308);
    assert_header(&response, "location", "/doc/");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_its_paths_are_pages),
        cmocka_unit_test(a_document_is_what_was_given),
        cmocka_unit_test(pages_may_run_no_script_but_our_files),
        cmocka_unit_test(who_takes_gzip_gets_it),
        cmocka_unit_test(who_has_it_is_not_sent_it_again),
        cmocka_unit_test(doc_leads_to_its_folder),
    };
    return cmocka_run_group_tests_name("pages", tests, set_up, tear_down);
}
