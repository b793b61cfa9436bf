/**
 * What every test of wire/ includes: cmocka in its order, and short-hands.
 */
#ifndef TESTS_UNIT_WIRE_TEST_H
#define TESTS_UNIT_WIRE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/error.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/** The bytes of a string literal, NULs inside included. */
#define BYTES(literal) bytes_of((literal), sizeof(literal) - 1)

/** A copy on the heap of exactly that size, so that a sanitizer sees a read beyond it. */
static inline struct bytes tight_copy(struct bytes bytes)
{
    uint8_t *copy = malloc(bytes.len > 0 ? bytes.len : 1);
    assert_non_null(copy);
    if (bytes.len > 0) {
        memcpy(copy, bytes.data, bytes.len);
    }
    return bytes_of(copy, bytes.len);
}

static inline void tight_free(struct bytes bytes)
{
    free((void *)(uintptr_t)bytes.data);
}

static inline void assert_bytes(struct bytes given, struct bytes expected)
{
    assert_int_equal(given.len, expected.len);
    if (expected.len > 0) {
        assert_memory_equal(given.data, expected.data, expected.len);
    }
}

#endif
