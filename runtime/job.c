/* Jobs: what is too long for a loop. Argon2id at libsodium's INTERACTIVE cost, 64 MiB. */
#include <sodium.h>

#include "base/error.h"
#include "runtime/world.h"

/** Costs what a real verification costs, so that an unknown account cannot be told by time. */
static const char dummy_hash[] = "$argon2id$v=19$m=65536,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$"
                                 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

static void hash_password(struct job_request *request)
{
    char hash[crypto_pwhash_STRBYTES];
    if (crypto_pwhash_str(hash, (const char *)request->input.data, request->input.len,
                          crypto_pwhash_OPSLIMIT_INTERACTIVE,
                          crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0) {
        request->error = ERR_NO_MEMORY;
        return;
    }
    buffer_append(&request->result, hash, strlen(hash));
}

static void verify_password(struct job_request *request)
{
    char hash[crypto_pwhash_STRBYTES] = "";
    size_t hash_len = get_u32(request->input.data);
    bool known = hash_len != 0 && hash_len < sizeof hash;
    const uint8_t *text = request->input.data + 4;
    memcpy(hash, known ? text : (const uint8_t *)dummy_hash,
           known ? hash_len : sizeof dummy_hash - 1);
    hash[known ? hash_len : sizeof dummy_hash - 1] = '\0';
    const char *password = (const char *)text + hash_len;
    size_t password_len = request->input.len - 4 - hash_len;
    bool right = crypto_pwhash_str_verify(hash, password, password_len) == 0;
    bool outdated =
        known && crypto_pwhash_str_needs_rehash(hash, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                                crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0;
    buffer_append_u8(&request->result, known && right);
    buffer_append_u8(&request->result, outdated);
    if (right && outdated) { /* now is the moment: the password is at hand */
        char fresh[crypto_pwhash_STRBYTES];
        if (crypto_pwhash_str(fresh, password, password_len, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                              crypto_pwhash_MEMLIMIT_INTERACTIVE) == 0) {
            buffer_append(&request->result, fresh, strlen(fresh));
        }
    }
    sodium_memzero(hash, sizeof hash);
}

static void (*const jobs[])(struct job_request *request) = {
    [JOB_HASH_PASSWORD] = hash_password,
    [JOB_VERIFY_PASSWORD] = verify_password,
};

void job_run(struct job_request *request)
{
    jobs[request->job](request);
    sodium_memzero(request->input.data, request->input.len);
}
