#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/bytes.h"
#include "bench/html.h"
#include "bench/page.h"
#include "bench/result.h"

#define EVIL "<script>alert('x')</script>&\\\""

/* The page as a text; to be freed. */
static char *page_of(const json_t *results, const json_t *comparisons)
{
    struct buffer out = {0};
    page_write(&out, results, comparisons);
    buffer_append_u8(&out, '\0');
    char *text = strdup((const char *)out.data);
    buffer_fini(&out);
    return text;
}

static json_t *parse(const char *text)
{
    json_error_t error;
    json_t *json = json_loads(text, 0, &error);
    if (json == NULL) {
        fail_msg("%s", error.text);
    }
    return json;
}

static void text_is_escaped_for_content_and_attributes(void **state)
{
    (void)state;
    struct buffer out = {0};
    html_text(&out, "a<b>&\"c'");
    buffer_append_u8(&out, '\0');
    assert_string_equal((const char *)out.data, "a&lt;b&gt;&amp;&quot;c&#39;");
    buffer_fini(&out);
}

static void figures_have_the_unit_their_name_ends_in(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double value;
        const char *text;
    } rows[] = {{"p99_us", 11500, "11.5 ms"},
                {"p50_us", 950, "950 µs"},
                {"max_us", 2500000, "2.50 s"},
                {"acked_per_s", 57300, "57,300/s"},
                {"server_rss_bytes", 2e8, "200 MB"},
                {"device_bytes_per_msg", 1698, "1,698 B"},
                {"server_cpu_us_per_msg", 20.84, "20.8 µs"},
                {"lost", 0, "0"},
                {"raw_server_cpu_us_w16", 0.17, "0.17 µs"},
                {"start_ms", 180.4, "180 ms"},
                {"sent", 1234567, "1,234,567"},
                {"change", -1234, "-1,234"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[64];
        html_figure(rows[i].name, rows[i].value, text, sizeof text);
        assert_string_equal(text, rows[i].text);
    }
}

/* Every place where a file can put a text holds markup here. */
static void nothing_from_a_file_becomes_markup(void **state)
{
    (void)state;
    static const char result_text[] =
        "{\"file\":\"" EVIL "\",\"scenario\":\"" EVIL "\",\"command\":\"" EVIL "\",\"date\":\"" EVIL
        "\",\"machine\":{\"" EVIL "\":\"" EVIL "\",\"disk\":{\"device\":\"" EVIL "\"}},"
        "\"versions\":{\"duet\":\"" EVIL "\"},\"calibration\":{\"" EVIL "\":1},"
        "\"setting\":{\"" EVIL "\":\"" EVIL "\",\"system\":\"" EVIL "\",\"beside\":\"" EVIL "\"},"
        "\"headlines\":[\"" EVIL "\"],\"figures\":{\"" EVIL "\":{\"median\":1,\"spread\":\"" EVIL
        "\"}},\"latencies\":{\"" EVIL "\":{\"curve\":[[50,1],[99,2]]}},"
        "\"runs\":[{\"" EVIL
        "\":1,\"good\":true,\"series\":{\"t_s\":[1,2],\"acked_per_s\":[3,4]}}],"
        "\"good\":\"" EVIL "\"}";
    json_t *result = parse(result_text);
    json_t *results = json_pack("[O]", result);
    json_t *comparisons = json_pack("[{s:s, s:[O], s:[{s:s, s:s, s:s, s:s}]}]", "file", "<script>",
                                    "results", result, "peers", "peer", "<script>", "synced",
                                    "<script>", "version", "<script>", "skipped", "<script>");
    char *page = page_of(results, comparisons);
    assert_non_null(strstr(page, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;&quot;"));
    assert_null(strstr(page, "<script"));
    free(page);
    json_decref(comparisons);
    json_decref(results);
    json_decref(result);
}

static void members_of_wrong_types_do_no_harm(void **state)
{
    (void)state;
    json_t *results = parse(
        "[{\"scenario\":\"chat\",\"runs\":[{\"series\":7,\"histograms\":[1]},{}],\"figures\":"
        "{\"p\":3,\"q\":{\"median\":\"x\"}},\"setting\":{},\"latencies\":{\"delivery\":{\"curve\":"
        "[1,[],[\"a\",\"b\"],[50,1e308],[100,-5]]}},\"machine\":[],\"versions\":1,\"headlines\":"
        "{\"a\":1}},{\"scenario\":\"chat\",\"runs\":[{\"series\":{\"t_s\":[0,1e300,null],"
        "\"acked_per_s\":[1e308,-1e308,3],\"p50_us\":[0,0],\"p99_us\":[-1,\"x\"]}}],"
        "\"figures\":{},\"setting\":{}}]");
    json_t *comparisons = parse("[{\"file\":1,\"results\":{},\"peers\":[1,{}]},7]");
    char *page = page_of(results, comparisons);
    assert_non_null(strstr(page, "</html>"));
    assert_null(strstr(page, "nan"));
    assert_null(strstr(page, ">inf"));
    free(page);
    json_decref(comparisons);
    json_decref(results);
}

static void a_page_needs_nothing_beside_itself(void **state)
{
    (void)state;
    json_t *results = parse(
        "[{\"scenario\":\"chat\",\"setting\":{},\"latencies\":{},\"figures\":{\"acked_per_s\":"
        "{\"median\":5}},\"runs\":[{\"acked_per_s\":5,\"series\":{\"t_s\":[1,2,3],"
        "\"acked_per_s\":[10,null,30],\"p50_us\":[1,2,3],\"p99_us\":[4,5,6]}}]}]");
    json_t *comparisons = json_array();
    char *page = page_of(results, comparisons);
    assert_null(strstr(page, "http"));
    assert_null(strstr(page, "src="));
    assert_null(strstr(page, "url("));
    assert_non_null(strstr(page, "prefers-color-scheme:dark"));
    assert_non_null(strstr(page, "<title>Rate over time</title><desc>"));
    free(page);
    json_decref(comparisons);
    json_decref(results);
}

static void peers_stand_beside_each_other_with_their_ratio(void **state)
{
    (void)state;
    json_t *results = json_array();
    json_t *comparisons = parse(
        "[{\"file\":\"peers.jsonl\",\"peers\":[{\"peer\":\"slow\",\"synced\":\"no\"}],\"results\":["
        "{\"scenario\":\"chat\",\"setting\":{\"system\":\"duet\",\"beside\":\"slow\",\"window\":1},"
        "\"figures\":{},\"runs\":[{\"acked_per_s\":600,\"delivered_per_s\":600,\"good\":true}]},"
        "{\"scenario\":\"chat\",\"setting\":{\"system\":\"duet\",\"beside\":\"other\",\"window\":1}"
        ","
        "\"figures\":{},\"runs\":[{\"acked_per_s\":9000,\"delivered_per_s\":9000,\"good\":true}]},"
        "{\"scenario\":\"chat\",\"setting\":{\"system\":\"slow\",\"beside\":\"slow\",\"window\":1},"
        "\"figures\":{},\"runs\":[{\"acked_per_s\":100,\"delivered_per_s\":100,\"good\":true},"
        "{\"acked_per_s\":77777,\"delivered_per_s\":77777,\"good\":false}]}]}]");
    char *page = page_of(results, comparisons);
    const char *row = strstr(page, "<th scope=\"row\">slow</th><td>1</td><td>100/s</td>");
    assert_non_null(row); /* the failed run is not counted */
    const char *ratio = strstr(row, "<td>6</td>");
    assert_non_null(ratio); /* to duet's run beside it, not to the faster one beside another */
    assert_true(ratio < strstr(row, "</tr>"));
    free(page);
    json_decref(comparisons);
    json_decref(results);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_escaped_for_content_and_attributes),
        cmocka_unit_test(figures_have_the_unit_their_name_ends_in),
        cmocka_unit_test(nothing_from_a_file_becomes_markup),
        cmocka_unit_test(members_of_wrong_types_do_no_harm),
        cmocka_unit_test(a_page_needs_nothing_beside_itself),
        cmocka_unit_test(peers_stand_beside_each_other_with_their_ratio),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
