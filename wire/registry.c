#include "wire/registry.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "wire/codec.h"

struct entry {
    const struct op *op;
    size_t name_len;
    uint8_t kind;
};

struct registry {
    struct entry *entries; /* in the order of the names */
    size_t count;
    uint32_t *slots; /* open addressing: index of an entry plus 1, or 0; at most half full */
    size_t mask;
};

/** Where a complaint goes. */
struct complaint {
    char *message;
    size_t size;
};

static int complain(struct complaint *complaint, const struct op *op, const char *where,
                    const char *what)
{
    const char *name = op->command.name != NULL ? op->command.name : "an op without a name";
    (void)!snprintf(complaint->message, complaint->size, "%s: %s%s%s", name, where,
                    where[0] != '\0' ? " " : "", what);
    return ERR_INVALID_ARGUMENT;
}

/** FNV-1a. Only our own names are stored, so nobody can fill a chain; a miss ends at a gap. */
static size_t hash_name(struct bytes name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < name.len; i++) {
        hash = (hash ^ name.data[i]) * UINT64_C(0x100000001b3);
    }
    return (size_t)(hash ^ hash >> 32);
}

/** Words of a-z, 0-9 and _, joined by dots. */
static bool well_named(const char *name)
{
    size_t len = name != NULL ? strlen(name) : 0;
    return len > 0 && len <= 64 && name[0] >= 'a' && name[0] <= 'z' && name[len - 1] != '.' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.") == len &&
           strstr(name, "..") == NULL;
}

static int check_record(const struct op *op, const char *role, const struct record_type *type,
                        struct complaint *complaint)
{
    struct field_fault fault = {0};
    char where[192];
    if (type == NULL) {
        return complain(complaint, op, role, "is missing; use empty_type");
    }
    if (record_check(type, &fault) != 0) {
        (void)!snprintf(where, sizeof where, "%s.%s", role, fault.field);
        return complain(complaint, op, where, fault.reason);
    }
    for (uint32_t i = 0; i < type->count; i++) {
        const struct field *field = &type->fields[i];
        bool has_fields = field->kind == FIELD_RECORD || field->kind == FIELD_LIST;
        if (field->required == FIELD_REQUIRED && field->example == NULL && !has_fields) {
            (void)!snprintf(where, sizeof where, "%s.%s", role, field->name);
            return complain(complaint, op, where, "has no example");
        }
    }
    return 0;
}

static const struct field *find_path_field(const struct record_type *type, const char *name,
                                           size_t len)
{
    for (uint32_t i = 0; i < type->count; i++) {
        const struct field *field = &type->fields[i];
        if (field->place == FIELD_PATH && field->required == FIELD_REQUIRED &&
            bytes_equal(text_of(field->name), bytes_of(name, len))) {
            return field;
        }
    }
    return NULL;
}

/** Every {param} of the path is a required PATH field, and the other way round. */
static int check_path(const struct op *op, struct complaint *complaint)
{
    size_t params = 0, declared = 0;
    for (uint32_t i = 0; i < op->command.args->count; i++) {
        declared += op->command.args->fields[i].place == FIELD_PATH;
    }
    for (const char *open = strchr(op->rest.path, '{'); open != NULL;
         open = strchr(open + 1, '{')) {
        size_t len = strcspn(open + 1, "}/");
        if (open[1 + len] != '}' || find_path_field(op->command.args, open + 1, len) == NULL) {
            return complain(complaint, op, op->rest.path, "has a {param} that is no PATH field");
        }
        params++;
    }
    return params == declared
               ? 0
               : complain(complaint, op, op->rest.path, "lacks a PATH field of args");
}

static const struct {
    const char *name;
    bool has_body;
} methods[] = {{"GET", false}, {"POST", true}, {"PUT", true}, {"PATCH", true}, {"DELETE", false}};
#define METHOD_COUNT (sizeof methods / sizeof methods[0])

static bool has_nullable(const struct record_type *type)
{
    bool found = false;
    for (uint32_t i = 0; i < type->count; i++) {
        found = found || type->fields[i].required == FIELD_NULLABLE;
    }
    return found;
}

/** Absent and null mean the same everywhere but in PATCH. */
static int check_nullable(const struct op *op, struct complaint *complaint)
{
    bool patches = op->rest.method != NULL && strcmp(op->rest.method, "PATCH") == 0;
    if (has_nullable(op->command.result) || (!patches && has_nullable(op->command.args))) {
        return complain(complaint, op, "", "has a NULLABLE field, and is no PATCH of its args");
    }
    return 0;
}

/** Without a body, every field stands in the path or the query. */
static int check_places(const struct op *op, struct complaint *complaint)
{
    for (uint32_t i = 0; i < op->command.args->count; i++) {
        if (op->command.args->fields[i].place == FIELD_BODY) {
            char where[192];
            (void)!snprintf(where, sizeof where, "args.%s", op->command.args->fields[i].name);
            return complain(complaint, op, where, "is a BODY field, but its method has no body");
        }
    }
    return 0;
}

static bool has_text(const struct record_type *type, const char *name)
{
    for (uint32_t i = 0; i < type->count; i++) {
        if (type->fields[i].kind == FIELD_TEXT && strcmp(type->fields[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool has_field(const struct record_type *type, const char *name)
{
    bool found = false;
    for (uint32_t i = 0; i < type->count; i++) {
        found = found || strcmp(type->fields[i].name, name) == 0;
    }
    return found;
}

/** Who says that a list is read in parts has the fields for it. */
static int check_paging(const struct op *op, struct complaint *complaint)
{
    static const char *const cursor[] = {"cursor", "limit"}, *const page[] = {"page", "size"};
    bool sound = true;
    for (size_t i = 0; i < 2; i++) {
        sound = sound && (op->rest.paging == OP_PAGING_NONE ||
                          (has_field(op->command.args, cursor[i]) &&
                           has_field(op->command.result, "next_cursor")));
        sound = sound &&
                (op->rest.paging != OP_PAGING_BOTH ||
                 (has_field(op->command.args, page[i]) && has_field(op->command.result, "pages")));
    }
    return sound ? 0 : complain(complaint, op, "", "is paged without the fields of wire/paging.h");
}

/** What cookies are made of, or filled in from, is declared. */
static int check_cookies(const struct op *op, struct complaint *complaint)
{
    const struct record_type *result = op->command.result;
    if (op->rest.tokens == OP_TOKENS_GIVEN &&
        !(has_text(result, "access_token") && has_text(result, "refresh_token"))) {
        return complain(complaint, op, "", "gives tokens that its result has not");
    }
    if (op->rest.cookie_field != NULL && !has_text(op->command.args, op->rest.cookie_field)) {
        return complain(complaint, op, op->rest.cookie_field, "is no text of args");
    }
    return 0;
}

static int check_rest(const struct op *op, struct complaint *complaint)
{
    size_t method = 0;
    if (op->rest.method == NULL) {
        return 0;
    }
    while (method < METHOD_COUNT && strcmp(methods[method].name, op->rest.method) != 0) {
        method++;
    }
    if (method == METHOD_COUNT) {
        return complain(complaint, op, op->rest.method, "is no method");
    }
    if (op->rest.path == NULL || op->rest.path[0] != '/') {
        return complain(complaint, op, "", "has no REST path that starts with /");
    }
    if (op->rest.status < 200 || op->rest.status > 299) {
        return complain(complaint, op, "", "has no REST status of success");
    }
    int status = methods[method].has_body ? 0 : check_places(op, complaint);
    if (status == 0) {
        status = check_path(op, complaint);
    }
    if (status == 0) {
        status = check_paging(op, complaint);
    }
    return status != 0 ? status : check_cookies(op, complaint);
}

static int check_op(const struct op *op, struct complaint *complaint)
{
    if (!well_named(op->command.name)) {
        return complain(complaint, op, "", "is not a name like \"chat.send\"");
    }
    if (op->doc == NULL || op->doc[0] == '\0') {
        return complain(complaint, op, "", "has no doc");
    }
    if (op_takes_key(op) && !op->writes) {
        return complain(complaint, op, "", "takes a key but writes nothing");
    }
    for (const int *error = op->errors; error != NULL && *error != 0; error++) {
        if (*error > 0 || *error < -DUET_ERROR_COUNT) {
            return complain(complaint, op, "", "has an error that is not in the table");
        }
    }
    int status = check_record(op, "args", op->command.args, complaint);
    if (status == 0) {
        status = check_record(op, "result", op->command.result, complaint);
    }
    if (status == 0) {
        status = check_nullable(op, complaint);
    }
    return status != 0 ? status : check_rest(op, complaint);
}

static bool same_rest(const struct op *a, const struct op *b)
{
    return a->rest.method != NULL && b->rest.method != NULL &&
           strcmp(a->rest.method, b->rest.method) == 0 && strcmp(a->rest.path, b->rest.path) == 0;
}

/** Pairs that may not be: same name, same code within a kind, same method and path. */
static int check_pairs(const struct registry *registry, struct complaint *complaint)
{
    for (size_t i = 0; i < registry->count; i++) {
        for (size_t j = 0; j < i; j++) {
            const struct entry *a = &registry->entries[i], *b = &registry->entries[j];
            const char *other = b->op->command.name;
            if (strcmp(a->op->command.name, other) == 0) {
                return complain(complaint, a->op, "", "is declared twice");
            }
            if (a->kind == b->kind && a->op->command.code == b->op->command.code) {
                return complain(complaint, a->op, "has the same code as", other);
            }
            if (same_rest(a->op, b->op)) {
                return complain(complaint, a->op, "has the same REST route as", other);
            }
        }
    }
    return 0;
}

static int compare_entries(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->op->command.name,
                  ((const struct entry *)b)->op->command.name);
}

static void build_slots(struct registry *registry)
{
    size_t size = 16;
    while (size < registry->count * 2 + 1) {
        size *= 2;
    }
    registry->slots = memory_alloc(size * sizeof *registry->slots);
    registry->mask = size - 1;
    for (size_t i = 0; i < registry->count; i++) {
        size_t slot = hash_name(text_of(registry->entries[i].op->command.name)) & registry->mask;
        while (registry->slots[slot] != 0) {
            slot = (slot + 1) & registry->mask;
        }
        registry->slots[slot] = (uint32_t)i + 1;
    }
}

static int collect(struct registry *registry, const struct op_table *tables, size_t count,
                   struct complaint *complaint)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += tables[i].count;
    }
    registry->entries = memory_alloc((total + 1) * sizeof *registry->entries);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < tables[i].count; j++) {
            const struct op *op = tables[i].ops[j];
            int status = check_op(op, complaint);
            if (status != 0) {
                return status;
            }
            registry->entries[registry->count++] = (struct entry){
                .op = op, .name_len = strlen(op->command.name), .kind = tables[i].kind};
        }
    }
    return check_pairs(registry, complaint);
}

int registry_create(const struct op_table *tables, size_t count, char *message, size_t message_size,
                    struct registry **out)
{
    struct complaint complaint = {.message = message, .size = message_size};
    struct registry *registry = memory_alloc(sizeof *registry);
    int status = collect(registry, tables, count, &complaint);
    if (status != 0) {
        registry_destroy(registry);
        return status;
    }
    qsort(registry->entries, registry->count, sizeof *registry->entries, compare_entries);
    build_slots(registry);
    *out = registry;
    return 0;
}

void registry_destroy(struct registry *registry)
{
    if (registry != NULL) {
        free(registry->entries);
        free(registry->slots);
        free(registry);
    }
}

const struct op *registry_find(const struct registry *registry, struct bytes name)
{
    size_t slot = hash_name(name) & registry->mask;
    for (; registry->slots[slot] != 0; slot = (slot + 1) & registry->mask) {
        const struct entry *entry = &registry->entries[registry->slots[slot] - 1];
        if (entry->name_len == name.len &&
            memcmp(entry->op->command.name, name.data, name.len) == 0) {
            return entry->op;
        }
    }
    return NULL;
}

size_t registry_count(const struct registry *registry)
{
    return registry->count;
}

const struct op *registry_at(const struct registry *registry, size_t index)
{
    return registry->entries[index].op;
}

uint8_t registry_kind_at(const struct registry *registry, size_t index)
{
    return registry->entries[index].kind;
}
