#include <stdio.h>
#include <string.h>

#include "tools/catalog.h"
#include "tools/duetctl.h"

static int run_describe(int argc, char **argv)
{
    const char *format = "md";
    const struct flag flags[] = {{"--format", "FORMAT", "md: Markdown", &format, NULL}, {0}};
    int status = flags_parse(&subcommand_describe, flags, argc, argv);
    if (status >= 0) {
        return status;
    }
    if (strcmp(format, "md") != 0) {
        return complain(&subcommand_describe, 2, "--format cannot be \"%s\": there is md", format);
    }
    struct registry *registry = NULL;
    char message[256] = "";
    if (catalog_create(message, sizeof message, &registry) != 0) {
        return complain(&subcommand_describe, 1, "a declaration is wrong: %s", message);
    }
    struct buffer out = {0};
    catalog_describe_markdown(registry, &out);
    fwrite(out.data, 1, out.len, stdout);
    buffer_fini(&out);
    registry_destroy(registry);
    return 0;
}

const struct subcommand subcommand_describe = {
    .name = "describe", .summary = "print the protocol's reference", .run = run_describe};
