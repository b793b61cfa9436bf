/*
 * Heads of requests as strangers send them, against a real daemon: request line, target, Host,
 * headers. RFC 9112 sections 2.2 to 5.2; the sections stand beside the tables.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/integration/support_cases.h"

#define CUT(cases) hostile_run_cut((cases), sizeof(cases) / sizeof(cases)[0])

#define HOST "Host: a\r\n"

static int start(void **state)
{
    (void)state;
    hostile_start(NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    hostile_stop();
    return 0;
}

/* --- 2.2: lines ------------------------------------------------------------------------------- */

static void lines_end_with_crlf_and_nothing_else(void **state)
{
    (void)state;
    hostile_run(&hostile_lines);
    hostile_daemon_is_calm();
}

/* --- 3, 3.1: the request line, methods and versions ------------------------------------------- */

static void request_lines_are_of_one_form(void **state)
{
    (void)state;
    hostile_run(&hostile_request_lines);
    hostile_daemon_is_calm();
}

/* --- 3.2: the target -------------------------------------------------------------------------- */

static void targets_name_one_thing_or_nothing(void **state)
{
    (void)state;
    hostile_run(&hostile_targets);
    hostile_daemon_is_calm();
}

/* --- 3.2: Host -------------------------------------------------------------------------------- */

static void a_request_has_one_host(void **state)
{
    (void)state;
    hostile_run(&hostile_hosts);
    hostile_daemon_is_calm();
}

/* --- 5: headers ------------------------------------------------------------------------------- */

static void headers_are_what_the_grammar_says(void **state)
{
    (void)state;
    hostile_run(&hostile_headers);
    hostile_daemon_is_calm();
}

/* --- 9.6 and 9110, 7.6.1, 7.8: Connection and Upgrade ----------------------------------------- */

#define OPEN_LINES "Upgrade: websocket\r\nConnection: Upgrade\r\n"

static void connections_stay_or_close_as_was_asked(void **state)
{
    (void)state;
    hostile_run(&hostile_connections);
    hostile_daemon_is_calm();
}

/* --- split, and everything in between --------------------------------------------------------- */

static void it_does_not_matter_where_a_head_is_cut(void **state)
{
    static const struct hostile_case cut[] = {
        CASE("good", "200", STAYS, "<<get>>X:  y \r\n\r\n"),
        CASE("good, twice", "200 200", STAYS, "<<get>>\r\n<<get>>\r\n"),
        CASE("HEAD and GET", "200H 404", STAYS,
             "HEAD /healthz HTTP/1.1\r\n" HOST "\r\nGET /x HTTP/1.1\r\n" HOST "\r\n"),
        CASE("absolute", "200", STAYS, "GET http://a/healthz?x HTTP/1.1\r\n" HOST "\r\n"),
        CASE("bare LF", "400", CLOSES, "<<get>>X: y\n\r\n"),
        CASE("bare CR", "400", CLOSES, "<<get>>X: y\rz\r\n\r\n"),
        CASE("CR CR LF", "400", CLOSES, "<<get>>\r\r\n"),
        CASE("folded", "400", CLOSES, "<<get>>X: y\r\n z\r\n\r\n"),
        CASE("a NUL", "400", CLOSES, "<<get>>X: \0\r\n\r\n"),
        CASE("two hosts", "400", CLOSES, "<<get>>" HOST "\r\n"),
        CASE("close", "200", CLOSES, "<<get>>Connection: close\r\n\r\n"),
        CASE("HTTP/2", "505", CLOSES, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        CASE("a good one, and a bad one", "200 400", CLOSES, "<<get>>\r\n<<get>>X : y\r\n\r\n"),
    };
    (void)state;
    CUT(cut);
    hostile_daemon_is_calm();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_end_with_crlf_and_nothing_else),
        cmocka_unit_test(request_lines_are_of_one_form),
        cmocka_unit_test(targets_name_one_thing_or_nothing),
        cmocka_unit_test(a_request_has_one_host),
        cmocka_unit_test(headers_are_what_the_grammar_says),
        cmocka_unit_test(connections_stay_or_close_as_was_asked),
        cmocka_unit_test(it_does_not_matter_where_a_head_is_cut),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
