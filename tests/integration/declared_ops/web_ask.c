#include "tests/integration/declared_ops/web.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

void web_begin(struct web *web, const struct op *op)
{
    *web = (struct web){.op = op, .caller = caller_for(op)};
    web->args = args_for(op, web->caller);
    rest_form_init(&web->form, REST_PREFIX, &(struct request){.op = op, .args = web->args});
    const char *token = json_string_value(json_object_get(web->caller->facts, "access_token"));
    (void)!snprintf(web->bearer, sizeof web->bearer, "Authorization: Bearer %s", token);
    web->call = (struct rest_call){.method = op->rest.method,
                                   .target = (const char *)web->form.target.data,
                                   .body = buffer_bytes(&web->form.body),
                                   .has_body = strcmp(op->rest.method, "GET") != 0};
    web->call.headers[WEB_SIGN_IN] = web->caller->opens ? web->bearer : NULL;
    web->call.headers[WEB_TYPE] = web->form.body.len != 0 ? "Content-Type: application/json" : NULL;
}

void web_forget(struct web *web)
{
    answer_fini(&web->answer);
    rest_reply_fini(&web->reply);
    web->reply = (struct rest_reply){0};
}

void web_ask(struct web *web)
{
    web_forget(web);
    rest_exchange(&web->caller->rest, world.daemon.port, &web->call, &web->reply);
    if (web->reply.body.len != 0 && strncmp(web->call.target, "/api/", 5) == 0) {
        rest_read(&web->reply, NULL, &web->answer);
    }
}

void web_end(struct web *web)
{
    web_forget(web);
    rest_form_fini(&web->form);
    json_decref(web->args);
}

void expect_status(const struct web *web, int status)
{
    if (web->reply.status != status) {
        complain("not %d, but %d: %s", status, web->reply.status, answer_text(&web->answer));
    }
}

void every_web_op(void (*try)(const struct op *op))
{
    unsigned count = 0;
    for (size_t i = 0; i < registry_count(world.registry); i++) {
        const struct op *op = registry_at(world.registry, i);
        if (way_leads_to(WAY_REST, op)) {
            try(op);
            count++;
        }
    }
    assert_true(count > 0);
    no_complaints();
}
