#include "tests/unit/wire/documents.h"
#include "wire/openapi.h"

#define SEND "paths,/api/v1/chat/messages,post,"
#define SHOW "paths,/api/v1/chat/messages/{msg},get,"

static void every_op_with_a_route_is_an_operation(void **state)
{
    (void)state;
    json_t *document = document_of(describe_openapi);
    assert_text(document, "openapi", "3.1.0");
    assert_text(document, SEND "operationId", "chat_send");
    assert_text(document, SEND "summary", "Says something");
    assert_text(document, SEND "tags,0", "chat");
    assert_text(document, SHOW "operationId", "chat_show");
    assert_json(document, SEND "security", "[{\"bearer\":[]},{\"cookie\":[]}]");
    assert_json(document, SHOW "security", "[]");
    char *text = json_dumps(document, 0);
    assert_null(strstr(text, "\"ping\"")); /* has no route */
    free(text);
    json_decref(document);
}

static void fields_stand_where_they_are_declared(void **state)
{
    (void)state;
    json_t *document = document_of(describe_openapi);
    assert_json(document, SHOW "parameters,0",
                "{\"name\":\"msg\",\"in\":\"path\",\"required\":true,\"description\":"
                "\"which message\",\"example\":17,\"schema\":{\"type\":\"integer\",\"format\":"
                "\"int64\",\"minimum\":1,\"maximum\":99}}");
    assert_text(document, SHOW "parameters,1,in", "query");
    assert_json(document, SHOW "parameters,1,required", "false");
    assert_null(look(document, SHOW "requestBody"));
    assert_json(document, SEND "requestBody,required", "true");
    assert_text(document, SEND "requestBody,content,application/json,schema,$ref",
                "#/components/schemas/all_kinds");
    assert_json(document, SEND "requestBody,content,application/json,example,small", "-3");
    json_decref(document);
}

static void schemas_say_what_is_declared(void **state)
{
    (void)state;
    json_t *document = document_of(describe_openapi);
    static const char *const expected[][2] = {
        {"required", "[\"yes\",\"small\",\"text\",\"id\"]"},
        {"properties,small,minimum", "-10"},
        {"properties,big,type", "[\"integer\",\"null\"]"},
        {"properties,text,maxLength", "20"},
        {"properties,text,type", "\"string\""},
        {"properties,blob,minLength", "3"},
        {"properties,blob,maxLength", "54"},
        {"properties,id,pattern", "\"^[A-Za-z0-9_-]{22}$\""},
        {"properties,day,format", "\"date\""},
        {"properties,mood,enum", "[\"calm\",\"glad\",\"in_love\",null]"},
        {"properties,list,maxItems", "4"},
        {"properties,list,items", "{\"$ref\":\"#/components/schemas/branch\"}"},
        {"properties,branch,anyOf",
         "[{\"allOf\":[{\"$ref\":\"#/components/schemas/branch\"}]},{\"type\":\"null\"}]"},
    };
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        char path[128];
        (void)!snprintf(path, sizeof path, "components,schemas,all_kinds,%s", expected[i][0]);
        assert_json(document, path, expected[i][1]);
    }
    json_decref(document);
}

static void clients_may_send_null_and_the_server_does_not(void **state)
{
    (void)state;
    json_t *document = document_of(describe_openapi);
    assert_json(document, "components,schemas,leaf,properties,note,type", "[\"string\",\"null\"]");
    assert_text(document, "components,schemas,leaf_sent,properties,note,type", "string");
    assert_json(document, SEND "responses,201,content,application/json,schema",
                "{\"type\":\"object\",\"required\":[\"status\",\"data\"],\"properties\":{"
                "\"status\":{\"type\":\"string\",\"const\":\"ok\"},"
                "\"data\":{\"$ref\":\"#/components/schemas/leaf_sent\"}}}");
    json_decref(document);
}

static void assert_codes(const json_t *document, const char *operation, const char *status,
                         const char *codes)
{
    char path[256], expected[256];
    (void)!snprintf(path, sizeof path, "%sresponses,%s,$ref", operation, status);
    (void)!snprintf(expected, sizeof expected, "#/components/responses/%s", codes);
    if (codes == NULL) {
        assert_null(look(document, path));
    } else {
        assert_text(document, path, expected);
    }
}

static void every_error_stands_under_its_status(void **state)
{
    (void)state;
    json_t *document = document_of(describe_openapi);
    assert_codes(document, SEND, "401",
                 "UNAUTHENTICATED.TOKEN_INVALID.TOKEN_EXPIRED.SESSION_REVOKED");
    assert_codes(document, SEND, "409", "NOT_PAIRED.CODE_USED.IDEMPOTENCY_CONFLICT");
    assert_codes(document, SEND, "507", "STORAGE_FULL");
    assert_codes(document, SEND, "403", "CROSS_SITE");
    assert_codes(document, SEND, "411", "LENGTH_REQUIRED");
    assert_codes(document, SEND, "415", "UNSUPPORTED_MEDIA_TYPE");
    assert_codes(document, SHOW, "403", NULL);
    assert_codes(document, SHOW, "411", NULL);
    assert_codes(document, SEND, "429", "RATE_LIMITED"); /* bad tokens */
    assert_codes(document, SHOW, "401", NULL);
    assert_codes(document, SHOW, "429", "RATE_LIMITED");
    assert_codes(document, SHOW, "507", NULL);
    assert_json(document,
                "components,responses,RATE_LIMITED,content,application/json,schema,properties,"
                "error,allOf,1,properties,code,enum",
                "[\"RATE_LIMITED\"]");
    assert_json(document, "components,responses,RATE_LIMITED,headers,Retry-After",
                "{\"$ref\":\"#/components/headers/retry_after\"}");
    assert_text(document, "components,examples,NOT_PAIRED.ko,value,error,message",
                error_text(ERR_NOT_PAIRED, LANGUAGE_KO));
    json_decref(document);
}

static bool takes(const json_t *document, const char *operation, const char *parameter)
{
    char path[256], ref[256];
    (void)!snprintf(path, sizeof path, "%sparameters", operation);
    (void)!snprintf(ref, sizeof ref, "#/components/parameters/%s", parameter);
    const json_t *parameters = look(document, path);
    for (size_t i = 0; i < json_array_size(parameters); i++) {
        const char *text = json_string_value(look(json_array_get(parameters, i), "$ref"));
        if (text != NULL && strcmp(text, ref) == 0) {
            return true;
        }
    }
    return false;
}

static void headers_follow_from_what_the_op_is(void **state)
{
    (void)state;
    json_t *document = document_of(describe_openapi);
    assert_true(takes(document, SEND, "idempotency_key"));
    assert_false(takes(document, SHOW, "idempotency_key"));
    assert_true(takes(document, SHOW, "if_none_match"));
    assert_false(takes(document, SEND, "if_none_match"));
    assert_non_null(look(document, SHOW "responses,304"));
    assert_non_null(look(document, SHOW "responses,200,headers,ETag"));
    assert_non_null(look(document, SHOW "responses,200,headers,Link"));
    assert_null(look(document, SEND "responses,201,headers,Link"));
    assert_null(look(document, SEND "responses,201,headers,ETag"));
    json_decref(document);
}

static void the_stream_holds_the_pushes(void **state)
{
    (void)state;
    json_t *document = document_of(describe_openapi);
    const json_t *content = look(document, "paths,/api/v1/notifications/stream,get,responses,200,"
                                           "content,text/event-stream");
    const char *text = json_string_value(look(content, "example"));
    assert_text(content, "schema,contentSchema,items,anyOf,0,title", "chat.said");
    assert_text(content, "schema,contentSchema,items,anyOf,0,allOf,0,properties,type,const",
                "chat.said");
    assert_text(content, "schema,contentSchema,items,anyOf,1,title", "typing");
    assert_text(content, "schema,contentSchema,items,anyOf,2,title", "end");
    assert_ptr_equal(strstr(text, "id: couple:"), text); /* an entry has a place */
    assert_non_null(strstr(text, "\nevent: chat.said\ndata: {\"epoch\":"));
    assert_non_null(strstr(text, "\n\nevent: typing\ndata: {")); /* and this has none */
    assert_non_null(look(document, "paths,/healthz,get,responses,200"));
    json_decref(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_op_with_a_route_is_an_operation),
        cmocka_unit_test(fields_stand_where_they_are_declared),
        cmocka_unit_test(schemas_say_what_is_declared),
        cmocka_unit_test(clients_may_send_null_and_the_server_does_not),
        cmocka_unit_test(every_error_stands_under_its_status),
        cmocka_unit_test(headers_follow_from_what_the_op_is),
        cmocka_unit_test(the_stream_holds_the_pushes),
    };
    return cmocka_run_group_tests_name("openapi", tests, NULL, NULL);
}
