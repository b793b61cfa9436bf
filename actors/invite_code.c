#include "actors/invite_code.h"

#include "actors/kinds.h"
#include "base/error.h"

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void invite_code_to_text(uint64_t code, char out[INVITE_CODE_CHARS + 1])
{
    for (int i = INVITE_CODE_CHARS - 1; i >= 0; i--) {
        out[i] = alphabet[code & 31];
        code >>= 5;
    }
    out[INVITE_CODE_CHARS] = '\0';
}

static char canonical_char(uint8_t typed)
{
    char upper = (char)(typed >= 'a' && typed <= 'z' ? typed - 'a' + 'A' : typed);
    if (upper == 'I' || upper == 'L') {
        return '1';
    }
    return upper == 'O' ? '0' : upper;
}

int invite_code_parse(struct bytes typed, uint64_t *code)
{
    uint64_t value = 0;
    size_t digits = 0;
    for (size_t i = 0; i < typed.len; i++) {
        char c = canonical_char(typed.data[i]);
        if (c == '-' || c == ' ') {
            continue;
        }
        const char *at = c == '\0' ? NULL : strchr(alphabet, c);
        if (at == NULL || digits == INVITE_CODE_CHARS) {
            return ERR_CODE_UNKNOWN;
        }
        value = value << 5 | (uint64_t)(at - alphabet);
        digits++;
    }
    if (digits != INVITE_CODE_CHARS) {
        return ERR_CODE_UNKNOWN;
    }
    *code = value;
    return 0;
}

struct address invite_address(uint64_t code)
{
    char text[sizeof "invite" + INVITE_CODE_CHARS + 1] = "invite";
    invite_code_to_text(code, text + sizeof "invite");
    return (struct address){.kind = ACTOR_INVITE,
                            .id = id_from_hash(text, sizeof "invite" + INVITE_CODE_CHARS)};
}
