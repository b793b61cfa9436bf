#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "base/error.h"
#include "edge/forwarded.h"
#include "wire/record.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static struct forwarded *trusting(const char *const *networks, uint32_t count)
{
    char message[128] = "";
    struct forwarded *made = NULL;
    if (forwarded_create(networks, count, message, sizeof message, &made) != 0) {
        fail_msg("%s", message);
    }
    return made;
}

static void expect_remote(const struct forwarded *forwarded, const char *peer, const char *chain,
                          const char *expected)
{
    uint8_t from[16], room[FORWARDED_ADDRESS_BYTES];
    char text[INET6_ADDRSTRLEN];
    bool v4 = inet_pton(AF_INET, peer, from) == 1;
    if (!v4) {
        assert_int_equal(inet_pton(AF_INET6, peer, from), 1);
    }
    struct forwarded_lines lines = {0};
    for (const char *at = chain; *at != '\0';) { /* '|' begins another line */
        size_t len = strcspn(at, "|");
        forwarded_lines_add(&lines, bytes_of(at, len));
        at += len + (at[len] == '|');
    }
    struct bytes got = forwarded_remote(forwarded, bytes_of(from, v4 ? 4 : 16), &lines, room);
    assert_non_null(inet_ntop(got.len == 4 ? AF_INET : AF_INET6, got.data, text, sizeof text));
    if (strcmp(text, expected) != 0) {
        fail_msg("%s by way of %s: %s, expected %s", peer, chain, text, expected);
    }
}

static void only_what_a_trusted_proxy_wrote_is_believed(void **state)
{
    static const char *const networks[] = {"127.0.0.1", "10.0.0.0/8", "fd00::/9", "192.168.4.0/22"};
    struct forwarded *forwarded = trusting(networks, COUNT_OF(networks));
    (void)state;
    expect_remote(forwarded, "8.8.8.8", "1.2.3.4", "8.8.8.8");
    expect_remote(forwarded, "127.0.0.1", "", "127.0.0.1");
    expect_remote(forwarded, "127.0.0.1", "1.2.3.4", "1.2.3.4");
    expect_remote(forwarded, "127.0.0.1", "6.6.6.6, 1.2.3.4", "1.2.3.4"); /* 6.6.6.6 is a claim */
    expect_remote(forwarded, "127.0.0.1", "6.6.6.6,1.2.3.4 , 10.200.1.1", "1.2.3.4");
    expect_remote(forwarded, "127.0.0.1", "1.2.3.4|10.1.1.1", "1.2.3.4");
    expect_remote(forwarded, "127.0.0.1", "a|a|6.6.6.6|a|a|a|a|a|1.2.3.4,10.0.0.1|10.1.1.1",
                  "1.2.3.4");
    expect_remote(forwarded, "10.1.1.1", "2001:db8::7", "2001:db8::7");
    expect_remote(forwarded, "fd7f::1", "::ffff:1.2.3.4", "1.2.3.4");
    expect_remote(forwarded, "fd80::1", "1.2.3.4", "fd80::1");
    expect_remote(forwarded, "192.168.7.255", "1.2.3.4", "1.2.3.4");
    expect_remote(forwarded, "192.168.8.0", "1.2.3.4", "192.168.8.0");
    forwarded_destroy(forwarded);
}

static void nonsense_ends_the_chain(void **state)
{
    static const char *const networks[] = {"127.0.0.0/8"};
    static const char *const nonsense[] = {"unknown",    "_hidden",   ",",        " ",     "1.2.3",
                                           "1.2.3.4:80", "1.2.3.4,x", "<script>", "0x7f.1"};
    struct forwarded *forwarded = trusting(networks, 1);
    (void)state;
    for (size_t i = 0; i < COUNT_OF(nonsense); i++) {
        expect_remote(forwarded, "127.0.0.1", nonsense[i], "127.0.0.1");
    }
    forwarded_destroy(forwarded);
    forwarded = trusting(NULL, 0);
    expect_remote(forwarded, "127.0.0.1", "1.2.3.4", "127.0.0.1"); /* nobody is trusted */
    forwarded_destroy(forwarded);
    forwarded_destroy(NULL);
}

static void what_is_no_network_is_refused(void **state)
{
    static const char *const wrong[] = {"",           "x",        "10.0.0.0/33", "10.0.0.0/-1",
                                        "10.0.0.0/",  "10.0.0/8", "::/129",      "10.0.0.0/8x",
                                        "10.0.0.0/+8"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        char message[128] = "";
        struct forwarded *made = NULL;
        assert_int_equal(forwarded_create(&wrong[i], 1, message, sizeof message, &made),
                         ERR_INVALID_ARGUMENT);
        assert_true(message[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_a_trusted_proxy_wrote_is_believed),
        cmocka_unit_test(nonsense_ends_the_chain),
        cmocka_unit_test(what_is_no_network_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
