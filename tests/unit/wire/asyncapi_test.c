#include "tests/unit/wire/documents.h"
#include "wire/asyncapi.h"

#define MESSAGES "components,messages,"

static void every_op_is_a_request_with_replies(void **state)
{
    (void)state;
    json_t *document = document_of(describe_asyncapi);
    assert_text(document, "asyncapi", "3.0.0");
    assert_text(document, "operations,chat_send,action", "receive");
    assert_text(document, "operations,chat_send,messages,0,$ref",
                "#/channels/ws/messages/chat_send_request");
    assert_text(document, "operations,chat_send,reply,messages,0,$ref",
                "#/channels/ws/messages/chat_send_result");
    assert_text(document, "operations,ping,action", "receive");
    assert_text(document, "channels,ws,messages,ping_error,$ref",
                "#/components/messages/ping_error");
    json_decref(document);
}

static void messages_are_frames_of_arrays(void **state)
{
    (void)state;
    json_t *document = document_of(describe_asyncapi);
    assert_json(document, MESSAGES "ping_request,examples,0,payload", "[[0,1,\"ping\",{}]]");
    assert_json(document, MESSAGES "ping_result,examples,0,payload", "[[1,1,null,{}]]");
    assert_json(document, MESSAGES "ping_request,payload,maxItems", "64");
    assert_json(document, MESSAGES "ping_request,payload,items,minItems", "4");
    assert_json(document, MESSAGES "ping_request,payload,items,maxItems", "5");
    assert_json(document, MESSAGES "ping_request,payload,items,items,2", "{\"const\":\"ping\"}");
    assert_json(document, MESSAGES "chat_send_request,examples,0,payload,0,4", "{\"key\":\"k-1\"}");
    assert_text(document, MESSAGES "chat_send_request,payload,items,items,4,$ref",
                "#/components/schemas/meta_keyed");
    json_decref(document);
}

static void errors_are_those_that_the_op_can_have(void **state)
{
    (void)state;
    json_t *document = document_of(describe_asyncapi);
    assert_json(document, MESSAGES "ping_error,payload,items,items,2,allOf,1,properties,code,enum",
                "[\"INVALID_ARGUMENT\",\"MALFORMED\",\"REQUEST_ID_IN_USE\",\"BUSY\","
                "\"SHUTTING_DOWN\",\"INTERNAL\"]");
    assert_text(document, MESSAGES "ping_error,examples,1,payload,0,2,message",
                error_text(ERR_INVALID_ARGUMENT, LANGUAGE_KO));
    json_decref(document);
}

static void pushes_are_sent(void **state)
{
    (void)state;
    json_t *document = document_of(describe_asyncapi);
    assert_text(document, "operations,push_couple_chat_said,action", "send");
    assert_text(document, "operations,push_couple_chat_said,tags,0,name", "durable pushes");
    assert_text(document, "operations,push_typing,tags,0,name", "volatile pushes");
    assert_text(document,
                MESSAGES "push_couple_chat_said,payload,items,items,2,properties,type,const",
                "chat.said");
    assert_json(document, MESSAGES "push_typing,examples,0,payload",
                "[[2,\"typing\",{\"after\":16,\"note\":\"hi\"}]]");
    json_decref(document);
}

static void the_channel_says_how_it_closes(void **state)
{
    (void)state;
    json_t *document = document_of(describe_asyncapi);
    const char *text = json_string_value(look(document, "channels,ws,description"));
    assert_non_null(strstr(text, "| 4504 | `SESSION_REVOKED` |"));
    assert_null(strstr(text, "NOT_PAIRED"));
    json_decref(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_op_is_a_request_with_replies),
        cmocka_unit_test(messages_are_frames_of_arrays),
        cmocka_unit_test(errors_are_those_that_the_op_can_have),
        cmocka_unit_test(pushes_are_sent),
        cmocka_unit_test(the_channel_says_how_it_closes),
    };
    return cmocka_run_group_tests_name("asyncapi", tests, NULL, NULL);
}
