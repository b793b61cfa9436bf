#include "tests/unit/wire/test.h"

#include <sodium.h>

#include "tests/unit/wire/all_kinds.h"
#include "wire/codec.h"

static void good_declarations_pass(void **state)
{
    (void)state;
    struct field_fault fault;
    assert_int_equal(record_check(&all_kinds_type, &fault), 0);
    assert_int_equal(record_check(&empty_type, &fault), 0);
    assert_int_equal(record_check(&all_kinds_type, NULL), 0);
}

static void rows_and_members_agree(void **state)
{
    (void)state;
    assert_int_equal(all_kinds_type.size, sizeof(struct all_kinds));
    assert_int_equal(all_kinds_type.fields[4].offset, offsetof(struct all_kinds, text));
    assert_int_equal(all_kinds_type.fields[4].has_offset, offsetof(struct all_kinds, has_text));
    assert_int_equal(all_kinds_type.fields[4].name_len, 4);
}

struct one {
    struct bytes value; /* as large as any member */
    bool has_value;
};

#define ROW(...)                                                                                   \
    {                                                                                              \
        .name = "value", .name_len = 5, .offset = offsetof(struct one, value),                     \
        .has_offset = offsetof(struct one, has_value), .doc = "a doc", __VA_ARGS__                 \
    }

static void assert_complaint(const struct field *fields, uint32_t count, const char *name,
                             const char *reason)
{
    const struct record_type type = {
        .name = "one", .doc = "One.", .size = sizeof(struct one), .fields = fields, .count = count};
    struct field_fault fault = {0};
    assert_int_equal(record_check(&type, &fault), ERR_INVALID_ARGUMENT);
    assert_string_equal(fault.field, name);
    assert_string_equal(fault.reason, reason);
}

static void bad_rows_are_named(void **state)
{
    (void)state;
    static const struct enum_type no_values = {.name = "none"};
    const struct {
        struct field row;
        const char *reason;
    } cases[] = {
        {ROW(.kind = FIELD_TEXT), "needs a maximal length"},
        {ROW(.kind = FIELD_LIST, .sub = &leaf_type), "needs a maximal length"},
        {ROW(.kind = FIELD_BYTES, .min = -1, .max = 3), "needs a maximal length"},
        {ROW(.kind = FIELD_INT, .min = 3, .max = 2), "has bounds in the wrong order"},
        {ROW(.kind = FIELD_INT, .max = INT_BOUND + 1), "has bounds beyond 2^53 - 1"},
        {ROW(.kind = FIELD_ID, .max = 16), "takes no bounds"},
        {ROW(.kind = FIELD_BOOL, .max = 1), "takes no bounds"},
        {ROW(.kind = FIELD_RECORD), "needs a type inside, or takes none"},
        {ROW(.kind = FIELD_ENUM), "needs a type inside, or takes none"},
        {ROW(.kind = FIELD_INT, .sub = &leaf_type), "needs a type inside, or takes none"},
        {ROW(.kind = FIELD_ENUM, .sub = &no_values), "is an enum without values"},
        {ROW(.kind = FIELD_INSTANT), "is an instant, so its name must end in _at or _ms"},
        {ROW(.kind = FIELD_KIND_COUNT), "has an unknown kind"},
        {ROW(.kind = FIELD_INT, .example = "{"), "has an example that is not JSON"},
        {ROW(.kind = FIELD_INT, .example = "\"1\""), "has an example that its declaration refuses"},
        {ROW(.kind = FIELD_INT, .max = 5, .example = "6"),
         "has an example that its declaration refuses"},
        {ROW(.kind = FIELD_INT, .required = FIELD_NULLABLE, .max = 5),
         "takes null, but its zero is a value"},
        {ROW(.kind = FIELD_TEXT, .required = FIELD_NULLABLE, .max = 5),
         "takes null, but its zero is a value"},
        {ROW(.kind = FIELD_BOOL, .required = FIELD_NULLABLE),
         "takes null, but its zero is a value"},
        {ROW(.kind = FIELD_DAY, .required = FIELD_NULLABLE, .place = FIELD_QUERY),
         "takes null, which only a body has"},
        {ROW(.kind = FIELD_INT, .example = "null"), "has an example that its declaration refuses"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_complaint(&cases[i].row, 1, "value", cases[i].reason);
    }
}

static void names_are_unique_and_plain(void **state)
{
    (void)state;
    const struct field twice[] = {ROW(.kind = FIELD_BOOL), ROW(.kind = FIELD_INT)};
    assert_complaint(twice, 2, "value", "is declared twice");
    struct field odd = ROW(.kind = FIELD_BOOL);
    odd.name = "Value";
    assert_complaint(&odd, 1, "Value", "is not a name of a-z, 0-9 and _");
    struct field undocumented = ROW(.kind = FIELD_BOOL);
    undocumented.doc = "";
    assert_complaint(&undocumented, 1, "value", "has no doc");
}

static void complaints_inside_are_named_by_path(void **state)
{
    (void)state;
    static const struct field bad[] = {ROW(.kind = FIELD_TEXT)};
    static const struct record_type inner = {
        .name = "inner", .doc = "Inner.", .size = sizeof(struct one), .fields = bad, .count = 1};
    const struct field outer = ROW(.kind = FIELD_LIST, .max = 2, .sub = &inner);
    assert_complaint(&outer, 1, "value.value", "needs a maximal length");
}

static struct field endless_fields[1];
static const struct record_type endless = {.name = "endless",
                                           .doc = "Contains itself.",
                                           .size = sizeof(struct one),
                                           .fields = endless_fields,
                                           .count = 1};

static void a_record_that_contains_itself_is_refused(void **state)
{
    (void)state;
    endless_fields[0] = (struct field)ROW(.kind = FIELD_RECORD, .sub = &endless);
    struct field_fault fault = {0};
    assert_int_equal(record_check(&endless, &fault), ERR_INVALID_ARGUMENT);
    assert_string_equal(fault.reason, "is nested too deeply");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_declarations_pass),
        cmocka_unit_test(rows_and_members_agree),
        cmocka_unit_test(bad_rows_are_named),
        cmocka_unit_test(names_are_unique_and_plain),
        cmocka_unit_test(complaints_inside_are_named_by_path),
        cmocka_unit_test(a_record_that_contains_itself_is_refused),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
