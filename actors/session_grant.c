#include "actors/session_grant.h"

#include "actors/user_records.h"

void session_grant_init(struct session_grant *grant, struct ctx *ctx, struct id sid,
                        struct id device)
{
    grant->sid = sid;
    grant->device = device;
    grant->refresh.user = ctx_self(ctx).id;
    grant->refresh.sid = sid;
    ctx_random(ctx, grant->refresh.secret, sizeof grant->refresh.secret);
    refresh_token_hash(grant->refresh.secret, grant->hash);
    grant->expires_at = ctx_now_ms(ctx) + ctx_refresh_life_ms(ctx);
}

void session_grant_reply(struct ctx *ctx, struct session_grant *grant)
{
    char access[TOKEN_TEXT_MAX];
    char refresh[REFRESH_TOKEN_CHARS + 1];
    struct id user = ctx_self(ctx).id;
    int64_t access_expires_at = ctx_sign_access(ctx, user, grant->sid, grant->device, access);
    refresh_token_make(&grant->refresh, refresh);
    ctx_reply(ctx, &auth_tokens_type,
              &(struct auth_tokens){.user = user,
                                    .sid = grant->sid,
                                    .access_token = text_of(access),
                                    .access_expires_at = access_expires_at,
                                    .refresh_token = text_of(refresh),
                                    .refresh_expires_at = grant->expires_at});
    explicit_bzero(grant, sizeof *grant);
    explicit_bzero(access, sizeof access);
    explicit_bzero(refresh, sizeof refresh);
}
