/**
 * A record with every kind of field, required and optional, for the tests of wire/ and its fuzzer.
 * Included by one .c file of a program.
 */
#ifndef TESTS_UNIT_WIRE_ALL_KINDS_H
#define TESTS_UNIT_WIRE_ALL_KINDS_H

#include "wire/record.h"

static const char *const mood_names[] = {"calm", "glad", "in_love"};
static const struct enum_type mood_enum = {.name = "mood", .names = mood_names, .count = 3};

#define LEAF(F, R)                                                                                 \
    F(R, INT, after, REQUIRED, 0, INT_BOUND, NULL, BODY, "a number", "16")                         \
    F(R, TEXT, note, OPTIONAL, 0, 8, NULL, BODY, "a short text", "\"hi\"")
RECORD_DECLARE(leaf, LEAF)
RECORD_DEFINE(leaf, LEAF, "What stands inside.")

#define BRANCH(F, R)                                                                               \
    F(R, RECORD, leaf, REQUIRED, 0, 0, &leaf_type, BODY, "one inside", NULL)                       \
    F(R, LIST, leaves, OPTIONAL, 0, 3, &leaf_type, BODY, "some inside", NULL)
RECORD_DECLARE(branch, BRANCH)
RECORD_DEFINE(branch, BRANCH, "What stands between.")

/** What a PATCH takes. */
#define PATCHED(F, R)                                                                              \
    F(R, TEXT, text, NULLABLE, 1, 20, NULL, BODY, "a text", "\"hi\"")                              \
    F(R, BYTES, blob, NULLABLE, 1, 40, NULL, BODY, "bytes", "\"AAEC\"")                            \
    F(R, ID, id, NULLABLE, 0, 0, NULL, BODY, "an id", "\"AAECAwQFBgcICQoLDA0ODw\"")                \
    F(R, INT, count, NULLABLE, 1, 9, NULL, BODY, "a number", "3")                                  \
    F(R, INSTANT, sent_at, NULLABLE, 1, INT_BOUND, NULL, BODY, "when", "1750000000000")            \
    F(R, DAY, day, NULLABLE, 0, 0, NULL, BODY, "a day", "\"2024-02-29\"")                          \
    F(R, INT, other, OPTIONAL, 0, 9, NULL, BODY, "null is absent", "3")
RECORD_DECLARE(patched, PATCHED)
RECORD_DEFINE(patched, PATCHED, "What may be cleared.")

#define ALL_KINDS(F, R)                                                                            \
    F(R, BOOL, yes, REQUIRED, 0, 0, NULL, BODY, "a truth", "true")                                 \
    F(R, INT, small, REQUIRED, -10, 10, NULL, BODY, "a small number", "-3")                        \
    F(R, INT, big, OPTIONAL, -INT_BOUND, INT_BOUND, NULL, BODY, "any number", "17")                \
    F(R, FLOAT, ratio, OPTIONAL, 0, 0, NULL, BODY, "a ratio", "0.5")                               \
    F(R, TEXT, text, REQUIRED, 1, 20, NULL, BODY, "a text", "\"hi\"")                              \
    F(R, BYTES, blob, OPTIONAL, 2, 40, NULL, BODY, "bytes", "\"AAEC\"")                            \
    F(R, ID, id, REQUIRED, 0, 0, NULL, BODY, "an id", "\"AAECAwQFBgcICQoLDA0ODw\"")                \
    F(R, INSTANT, sent_at, OPTIONAL, 0, 0, NULL, BODY, "when", "1750000000000")                    \
    F(R, DAY, day, OPTIONAL, 0, 0, NULL, BODY, "a day", "\"2024-02-29\"")                          \
    F(R, ENUM, mood, OPTIONAL, 0, 0, &mood_enum, BODY, "a mood", "\"glad\"")                       \
    F(R, RECORD, branch, OPTIONAL, 0, 0, &branch_type, BODY, "a record", NULL)                     \
    F(R, LIST, list, OPTIONAL, 1, 4, &branch_type, BODY, "a list", NULL)
RECORD_DECLARE(all_kinds, ALL_KINDS)
RECORD_DEFINE(all_kinds, ALL_KINDS, "Every kind of field.")

#endif
