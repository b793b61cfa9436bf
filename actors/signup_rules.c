#include "actors/signup_rules.h"

#include <strings.h>

#include "actors/common_passwords.h"

#define LOCAL_PART_BYTES_MAX 64
#define BIRTH_YEAR_MIN 1900
#define DAY_MS (24 * 60 * 60 * 1000LL)
#define EARLIEST_ZONE_MS (14 * 60 * 60 * 1000LL) /* UTC+14 has the date first */

static bool domain_plausible(struct bytes domain)
{
    bool dotted = false;
    uint8_t before = '.';
    for (size_t i = 0; i < domain.len; i++) {
        uint8_t byte = domain.data[i];
        if (byte == '.' && before == '.') {
            return false;
        }
        dotted = dotted || byte == '.';
        before = byte;
    }
    return dotted && before != '.';
}

bool email_plausible(struct bytes normal)
{
    static const char refused[] = " \t\"(),:;<>[\\]";
    size_t at = 0;
    size_t count = 0;
    for (size_t i = 0; i < normal.len; i++) {
        uint8_t byte = normal.data[i];
        if (byte < 0x20 || byte == 0x7f || strchr(refused, byte) != NULL) {
            return false;
        }
        if (byte == '@') {
            at = i;
            count++;
        }
    }
    if (count != 1 || at == 0 || at > LOCAL_PART_BYTES_MAX) {
        return false;
    }
    return domain_plausible(bytes_of(normal.data + at + 1, normal.len - at - 1));
}

bool password_is_common(struct bytes password)
{
    for (size_t i = 0; i < common_password_count; i++) {
        const char *common = common_passwords[i];
        if (strlen(common) == password.len &&
            strncasecmp(common, (const char *)password.data, password.len) == 0) {
            return true;
        }
    }
    return false;
}

/** Days since 1970-01-01 in the Gregorian calendar (Hinnant, chrono-compatible algorithms). */
static int64_t days_of(struct day day)
{
    int64_t year = day.month <= 2 ? day.year - 1 : day.year;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (day.month + (day.month > 2 ? -3 : 9)) + 2) / 5 + day.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

bool birth_date_plausible(struct day day, int64_t now_ms)
{
    return day.year >= BIRTH_YEAR_MIN && days_of(day) <= (now_ms + EARLIEST_ZONE_MS) / DAY_MS;
}
