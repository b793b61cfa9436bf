#include "edge/forwarded.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"

#define TEXT_MAX 64 /* of one address */

struct network {
    uint8_t address[FORWARDED_ADDRESS_BYTES];
    uint8_t len; /* of the address: 4 or 16 */
    uint8_t bits;
};

struct forwarded {
    uint32_t count;
    struct network networks[];
};

/** Bytes of the address, 0 if it is none. IPv4 inside of IPv6 is IPv4. */
static uint8_t parse_address(const char *text, uint8_t out[FORWARDED_ADDRESS_BYTES])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (inet_pton(AF_INET, text, out) == 1) {
        return 4;
    }
    if (inet_pton(AF_INET6, text, out) != 1) {
        return 0;
    }
    if (memcmp(out, mapped, sizeof mapped) == 0) {
        memmove(out, out + 12, 4);
        return 4;
    }
    return 16;
}

static bool parse_network(const char *text, struct network *out)
{
    char address[TEXT_MAX];
    const char *slash = strchr(text, '/');
    size_t len = slash == NULL ? strlen(text) : (size_t)(slash - text);
    if (len >= sizeof address) {
        return false;
    }
    memcpy(address, text, len);
    address[len] = '\0';
    out->len = parse_address(address, out->address);
    long bits = out->len * 8L;
    if (slash != NULL) {
        char *end;
        bits = strtol(slash + 1, &end, 10);
        if (end == slash + 1 || *end != '\0' || slash[1] < '0' || slash[1] > '9') {
            return false;
        }
    }
    out->bits = (uint8_t)bits;
    return out->len != 0 && bits >= 0 && bits <= out->len * 8L;
}

int forwarded_create(const char *const *networks, uint32_t count, char *message,
                     size_t message_size, struct forwarded **out)
{
    struct forwarded *forwarded =
        memory_alloc(sizeof *forwarded + count * sizeof forwarded->networks[0]);
    for (uint32_t i = 0; i < count; i++) {
        if (!parse_network(networks[i], &forwarded->networks[i])) {
            (void)!snprintf(message, message_size, "%s: not a network like 10.0.0.0/8 or ::1",
                            networks[i]);
            free(forwarded);
            return ERR_INVALID_ARGUMENT;
        }
    }
    forwarded->count = count;
    *out = forwarded;
    return 0;
}

void forwarded_destroy(struct forwarded *forwarded)
{
    free(forwarded);
}

static bool is_within(const struct network *network, struct bytes address)
{
    uint32_t whole = network->bits / 8u, rest = network->bits % 8u;
    uint8_t mask = (uint8_t)(0xff00u >> rest);
    if (address.len != network->len || memcmp(address.data, network->address, whole) != 0) {
        return false;
    }
    return rest == 0 || (address.data[whole] & mask) == (network->address[whole] & mask);
}

bool forwarded_includes(const struct forwarded *networks, struct bytes address)
{
    for (uint32_t i = 0; networks != NULL && i < networks->count; i++) {
        if (is_within(&networks->networks[i], address)) {
            return true;
        }
    }
    return false;
}

/** Takes the last item off the list; false when there is none, or it is too long to be one. */
static bool take_last(struct bytes *chain, char out[TEXT_MAX])
{
    size_t end = chain->len, from;
    while (end > 0 && (chain->data[end - 1] == ' ' || chain->data[end - 1] == '\t')) {
        end--;
    }
    for (from = end; from > 0 && chain->data[from - 1] != ','; from--) {
    }
    chain->len = from > 0 ? from - 1 : 0;
    while (from < end && (chain->data[from] == ' ' || chain->data[from] == '\t')) {
        from++;
    }
    if (from == end || end - from >= TEXT_MAX) {
        return false;
    }
    memcpy(out, chain->data + from, end - from);
    out[end - from] = '\0';
    return true;
}

void forwarded_lines_add(struct forwarded_lines *lines, struct bytes value)
{
    if (lines->count == FORWARDED_LINES_MAX) {
        memmove(lines->items, lines->items + 1, --lines->count * sizeof lines->items[0]);
    }
    lines->items[lines->count++] = value;
}

struct bytes forwarded_remote(const struct forwarded *forwarded, struct bytes peer,
                              const struct forwarded_lines *lines,
                              uint8_t room[FORWARDED_ADDRESS_BYTES])
{
    struct bytes nearest = peer;
    char text[TEXT_MAX];
    for (uint32_t i = lines->count; i-- > 0;) {
        struct bytes chain = lines->items[i];
        do {
            uint8_t address[FORWARDED_ADDRESS_BYTES];
            bool goes_on = forwarded_includes(forwarded, nearest) && take_last(&chain, text);
            uint8_t len = goes_on ? parse_address(text, address) : 0;
            if (len == 0) {
                return nearest;
            }
            memcpy(room, address, len);
            nearest = bytes_of(room, len);
        } while (chain.len != 0);
    }
    return nearest;
}

struct bytes forwarded_customer(struct bytes address)
{
    return bytes_of(address.data, address.len == 16 ? 8 : address.len);
}
