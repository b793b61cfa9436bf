#include <stdio.h>
#include <string.h>

#include "tools/catalog.h"
#include "tools/duetctl.h"
#include "wire/asyncapi.h"
#include "wire/openapi.h"

static const struct {
    const char *name;
    describe_format *append;
} formats[] = {
    {"md", describe_markdown},
    {"openapi", describe_openapi},
    {"asyncapi", describe_asyncapi},
};
#define FORMAT_COUNT (sizeof formats / sizeof formats[0])

static int run_describe(int argc, char **argv)
{
    const char *format = formats[0].name;
    const struct flag flags[] = {
        {"--format", "FORMAT", "md: Markdown; openapi: REST; asyncapi: WebSocket", &format, NULL},
        {0}};
    int status = flags_parse(&subcommand_describe, flags, argc, argv);
    if (status >= 0) {
        return status;
    }
    size_t at = 0;
    while (at < FORMAT_COUNT && strcmp(format, formats[at].name) != 0) {
        at++;
    }
    if (at == FORMAT_COUNT) {
        return complain(&subcommand_describe, 2,
                        "--format cannot be \"%s\": there are md, openapi and asyncapi", format);
    }
    struct registry *registry = NULL;
    char message[256] = "";
    if (catalog_create(message, sizeof message, &registry) != 0) {
        return complain(&subcommand_describe, 1, "a declaration is wrong: %s", message);
    }
    struct buffer out = {0};
    catalog_describe(registry, formats[at].append, &out);
    fwrite(out.data, 1, out.len, stdout);
    buffer_fini(&out);
    registry_destroy(registry);
    return 0;
}

const struct subcommand subcommand_describe = {
    .name = "describe", .summary = "print the protocol's reference", .run = run_describe};
