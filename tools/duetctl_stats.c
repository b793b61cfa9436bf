#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "base/error.h"
#include "tools/admin.h"
#include "tools/duetctl.h"

static int print_figures(struct bytes line, bool as_json)
{
    if (as_json) {
        printf("%.*s\n", (int)line.len, (const char *)line.data);
        return 0;
    }
    json_error_t error;
    json_t *figures = json_loadb((const char *)line.data, line.len, 0, &error);
    if (!json_is_object(figures)) {
        json_decref(figures);
        return complain(&subcommand_stats, 1, "the daemon's answer is no JSON");
    }
    const char *name;
    json_t *value;
    json_object_foreach(figures, name, value)
    {
        char *text = json_dumps(value, JSON_ENCODE_ANY);
        printf("%-24s %s\n", name, text != NULL ? text : "");
        free(text);
    }
    json_decref(figures);
    return 0;
}

static int run_stats(int argc, char **argv)
{
    const char *data = "./data";
    bool as_json = false;
    const struct flag flags[] = {
        {"--data", "DIR", "of the running daemon; default ./data", &data, NULL},
        {"--json", NULL, "one JSON object, as the daemon sends it", NULL, &as_json},
        {0}};
    int status = flags_parse(&subcommand_stats, flags, argc, argv);
    if (status >= 0) {
        return status;
    }
    struct buffer reply = {0};
    int error = admin_ask(data, "{\"cmd\":\"stats\"}", &reply);
    if (error == ERR_NOT_FOUND) {
        status = complain(&subcommand_stats, 1,
                          "no daemon runs on %s; start one with: duetd "
                          "--data %s",
                          data, data);
    } else if (error != 0) {
        status = complain(&subcommand_stats, 1, "the daemon on %s does not answer: %s", data,
                          error_text(error, LANGUAGE_EN));
    } else {
        status = print_figures(buffer_bytes(&reply), as_json);
    }
    buffer_fini(&reply);
    return status;
}

const struct subcommand subcommand_stats = {
    .name = "stats", .summary = "print the figures of a running daemon", .run = run_stats};
