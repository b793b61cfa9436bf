#include "wire/record_code.h"

#include "wire/text.h"

bool record_take_text(struct bytes text, int64_t min, int64_t max, struct arena *arena,
                      struct bytes *out)
{
    size_t points = 0;
    return text_normalize(text, arena, out, &points) == 0 && (int64_t)points >= min &&
           (int64_t)points <= max;
}
