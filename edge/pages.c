#include "edge/pages.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/check.h"
#include "base/ids.h"
#include "edge/pages_files.h"
#include "edge/rest_headers.h"
#include "wire/record.h"

#define PAGES_MAX 24
#define DOCUMENTS 3
#define ETAG_MAX (ID_TEXT_CHARS + 16)

/** One body with its headers: as it is, or compressed. */
struct variant {
    struct bytes body; /* empty: there is none */
    char etag[ETAG_MAX];
    struct buffer headers;           /* of 200 and 308 */
    struct buffer unchanged_headers; /* of 304 */
};

struct page {
    struct bytes path;
    int status;
    struct variant plain, gzip;
};

struct pages {
    struct page pages[PAGES_MAX];
    size_t count;
    struct buffer documents[DOCUMENTS]; /* what was given */
};

/* Nothing may frame a page, guess its type, or learn where a reader came from. */
static const char common_headers[] = "x-content-type-options: nosniff\r\n"
                                     "x-frame-options: DENY\r\n"
                                     "referrer-policy: no-referrer\r\n"
                                     "cross-origin-opener-policy: same-origin\r\n"
                                     "strict-transport-security: max-age=31536000\r\n"
                                     "cache-control: no-cache\r\n";

static void put(struct buffer *out, const char *text)
{
    buffer_append(out, text, strlen(text));
}

static void put_header(struct buffer *out, const char *name, const char *value)
{
    put(out, name);
    put(out, ": ");
    put(out, value);
    put(out, "\r\n");
}

/** What a document of this type may load. Scripts and styles stand in files of their own; what
 * Swagger UI draws with comes as data. */
static const char *policy_of(const char *media)
{
    return strncmp(media, "text/html", strlen("text/html")) == 0
               ? "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                 "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
               : "default-src 'none'; frame-ancestors 'none'";
}

/* --- making them ----------------------------------------------------------------------------- */

static void init_variant(struct variant *variant, struct bytes body, const char *media,
                         const char *coding)
{
    char hash[ID_TEXT_CHARS + 1];
    struct buffer *shared = &variant->unchanged_headers;
    variant->body = body;
    id_to_text(id_from_hash(body.data, body.len), hash);
    (void)!snprintf(variant->etag, sizeof variant->etag, "\"%s%s%s\"", hash,
                    coding != NULL ? "-" : "", coding != NULL ? coding : "");
    put(shared, common_headers);
    put_header(shared, "vary", "accept-encoding");
    put_header(shared, "content-security-policy", policy_of(media));
    put_header(shared, "etag", variant->etag);
    buffer_append(&variant->headers, shared->data, shared->len);
    put_header(&variant->headers, "content-type", media);
    if (coding != NULL) {
        put_header(&variant->headers, "content-encoding", coding);
    }
}

static struct page *add_page(struct pages *pages, const char *path, int status)
{
    struct page *page = &pages->pages[pages->count++];
    page->path = text_of(path);
    page->status = status;
    return page;
}

static void add_document(struct pages *pages, struct buffer *kept, const char *path,
                         struct bytes body)
{
    if (body.len > 0) {
        buffer_append(kept, body.data, body.len);
        init_variant(&add_page(pages, path, 200)->plain, buffer_bytes(kept), "application/json",
                     NULL);
    }
}

static void add_file(struct pages *pages, const struct page_file *file)
{
    struct page *page = add_page(pages, file->path, 200);
    init_variant(&page->plain, bytes_of(file->plain, (size_t)(file->plain_end - file->plain)),
                 file->media, NULL);
    init_variant(&page->gzip, bytes_of(file->gzip, (size_t)(file->gzip_end - file->gzip)),
                 file->media, "gzip");
}

static void add_redirect(struct pages *pages, const char *path, const char *location)
{
    struct buffer *headers = &add_page(pages, path, 308)->plain.headers;
    put(headers, common_headers);
    put_header(headers, "location", location);
}

struct pages *pages_create(const struct pages_config *config)
{
    struct pages *pages = memory_alloc(sizeof *pages);
    CHECK_ALWAYS(page_file_count + DOCUMENTS + 1 <= PAGES_MAX);
    add_document(pages, &pages->documents[0], "/openapi.json", config->openapi);
    add_document(pages, &pages->documents[1], "/asyncapi.json", config->asyncapi);
    add_document(pages, &pages->documents[2], "/.well-known/jwks.json", config->jwks);
    for (size_t i = 0; i < page_file_count; i++) {
        add_file(pages, &page_files[i]);
    }
    add_redirect(pages, "/doc", "/doc/");
    return pages;
}

static void fini_variant(struct variant *variant)
{
    buffer_fini(&variant->headers);
    buffer_fini(&variant->unchanged_headers);
}

void pages_destroy(struct pages *pages)
{
    if (pages == NULL) {
        return;
    }
    for (size_t i = 0; i < pages->count; i++) {
        fini_variant(&pages->pages[i].plain);
        fini_variant(&pages->pages[i].gzip);
    }
    for (size_t i = 0; i < DOCUMENTS; i++) {
        buffer_fini(&pages->documents[i]);
    }
    free(pages);
}

/* --- answering ------------------------------------------------------------------------------- */

const struct page *pages_find(const struct pages *pages, struct bytes path)
{
    for (size_t i = 0; i < pages->count; i++) {
        if (bytes_equal(path, pages->pages[i].path)) {
            return &pages->pages[i];
        }
    }
    return NULL;
}

static bool is_zero_weight(struct bytes parameters)
{
    const char *end = (const char *)parameters.data + parameters.len;
    const char *weight = memmem(parameters.data, parameters.len, "q=", 2);
    if (weight == NULL) {
        return false;
    }
    for (weight += 2; weight < end && *weight != ';'; weight++) {
        if (*weight >= '1' && *weight <= '9') {
            return false;
        }
    }
    return true;
}

/** Whether Accept-Encoding names gzip, and not with the weight 0. */
static bool takes_gzip(struct bytes accept_encoding)
{
    static const size_t len = sizeof "gzip" - 1;
    struct bytes item;
    while (rest_next_item(&accept_encoding, &item)) {
        const char *text = (const char *)item.data;
        if (item.len >= len && strncasecmp(text, "gzip", len) == 0 &&
            (item.len == len || memchr("; \t", text[len], 3) != NULL)) {
            return !is_zero_weight(bytes_of(text + len, item.len - len));
        }
    }
    return false;
}

struct http_response page_answer(const struct page *page, const struct http_request *request)
{
    struct bytes value;
    bool small = page->gzip.body.len > 0 &&
                 http_request_header(request, "accept-encoding", &value) && takes_gzip(value);
    const struct variant *variant = small ? &page->gzip : &page->plain;
    if (page->status == 200 && http_request_header(request, "if-none-match", &value) &&
        rest_etag_matches(value, text_of(variant->etag))) {
        return (struct http_response){.status = 304,
                                      .headers = buffer_bytes(&variant->unchanged_headers)};
    }
    return (struct http_response){
        .status = page->status, .headers = buffer_bytes(&variant->headers), .body = variant->body};
}
