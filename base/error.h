/**
 * The one table of errors, for every module and both edges.
 *
 * Functions return 0 or one of these negative codes. Codes of LMDB, libuv and errno
 * are translated once, at the border where they appear. A row is
 *     X(name, HTTP status, WebSocket close code when it ends a connection or 0, English, Korean)
 * The name is what clients see in `error.code`.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#define DUET_ERRORS(X)                                                                             \
    X(INVALID_ARGUMENT, 400, 0, "A field is missing or not acceptable.",                           \
      "필드가 없거나 올바르지 않습니다.")                                                          \
    X(UNKNOWN_OP, 404, 0, "There is no such operation.", "존재하지 않는 기능입니다.")              \
    X(MALFORMED, 400, 1007, "The message could not be decoded.", "메시지를 해석할 수 없습니다.")   \
    X(TOO_LARGE, 413, 1009, "The message is too large.", "메시지가 너무 큽니다.")                  \
    X(UNAUTHENTICATED, 401, 4501, "Sign in first.", "먼저 로그인해 주세요.")                       \
    X(TOKEN_INVALID, 401, 4502, "The token is not valid. Sign in again.",                          \
      "토큰이 올바르지 않습니다. 다시 로그인해 주세요.")                                           \
    X(TOKEN_EXPIRED, 401, 4503, "The token has expired. Refresh it.",                              \
      "토큰이 만료되었습니다. 갱신해 주세요.")                                                     \
    X(SESSION_REVOKED, 401, 4504, "This session was signed out. Sign in again.",                   \
      "로그아웃된 세션입니다. 다시 로그인해 주세요.")                                              \
    X(REFRESH_REUSED, 401, 4505, "The refresh token was used before; sign in again.",              \
      "이미 사용된 갱신 토큰입니다. 다시 로그인해 주세요.")                                        \
    X(INVALID_CREDENTIALS, 401, 0, "E-mail or password is wrong.",                                 \
      "이메일 또는 비밀번호가 올바르지 않습니다.")                                                 \
    X(FORBIDDEN, 403, 0, "You may not do that.", "권한이 없습니다.")                               \
    X(NOT_PAIRED, 409, 0, "You are not part of a couple.", "아직 커플이 아닙니다.")                \
    X(ALREADY_PAIRED, 409, 0, "One of you is already part of a couple.",                           \
      "이미 커플인 사용자입니다.")                                                                 \
    X(PAIRING_IN_PROGRESS, 409, 0, "Another pairing is under way; try again in a moment.",         \
      "다른 연결이 진행 중입니다. 잠시 후 다시 시도해 주세요.")                                    \
    X(CODE_UNKNOWN, 404, 0, "There is no such invite code.", "존재하지 않는 초대 코드입니다.")     \
    X(CODE_EXPIRED, 410, 0, "The invite code has expired. Ask for a new one.",                     \
      "만료된 초대 코드입니다. 새 코드를 요청해 주세요.")                                          \
    X(CODE_USED, 409, 0, "The invite code was already used.", "이미 사용된 초대 코드입니다.")      \
    X(CODE_OWN, 409, 0, "This is your own invite code; your partner has to enter it.",             \
      "본인의 초대 코드입니다. 상대방이 입력해야 합니다.")                                         \
    X(EMAIL_TAKEN, 409, 0, "There is an account with this e-mail already.",                        \
      "이미 가입된 이메일입니다.")                                                                 \
    X(NICKNAME_TAKEN, 409, 0, "This nickname is taken.", "이미 사용 중인 닉네임입니다.")           \
    X(PASSWORD_TOO_COMMON, 400, 0, "This password is too common. Choose another one.",             \
      "너무 흔한 비밀번호입니다. 다른 비밀번호를 선택해 주세요.")                                  \
    X(NOT_FOUND, 404, 0, "There is no such thing.", "찾을 수 없습니다.")                           \
    X(REQUEST_ID_IN_USE, 409, 0, "This request id is still in flight.",                            \
      "아직 처리 중인 요청 번호입니다.")                                                           \
    X(IDEMPOTENCY_CONFLICT, 409, 0, "This idempotency key was used with other content.",           \
      "다른 내용에 이미 사용된 멱등 키입니다.")                                                    \
    X(ALREADY_OPEN, 409, 0, "This connection has a session already.",                              \
      "이미 세션이 열린 연결입니다.")                                                              \
    X(BUSY, 503, 4001, "Too much at once; try again after retry_ms.",                              \
      "요청이 많습니다. 잠시 후 다시 시도해 주세요.")                                              \
    X(RATE_LIMITED, 429, 4002, "Too many requests; try again after retry_ms.",                     \
      "요청이 너무 많습니다. 잠시 후 다시 시도해 주세요.")                                         \
    X(SLOW_READER, 503, 4003, "The connection reads too slowly; resume with cursors.",             \
      "연결이 너무 느립니다. 다시 연결해 주세요.")                                                 \
    X(OPEN_TIMEOUT, 408, 4500, "No session was opened in time.",                                   \
      "제한 시간 안에 세션을 열지 않았습니다.")                                                    \
    X(SHUTTING_DOWN, 503, 1001, "The server is restarting; reconnect.",                            \
      "서버가 다시 시작됩니다. 다시 연결해 주세요.")                                               \
    X(STORAGE_FULL, 507, 0, "The server is out of storage; reading still works.",                  \
      "서버 저장 공간이 부족합니다. 읽기는 가능합니다.")                                           \
    X(INTERNAL, 500, 1011, "Something went wrong on the server.", "서버 오류가 발생했습니다.")     \
    X(NO_MEMORY, 503, 1011, "The server is out of memory.", "서버 메모리가 부족합니다.")           \
    X(IO, 500, 0, "Input or output failed.", "입출력 오류입니다.")                                 \
    X(CORRUPT, 500, 0, "Stored data does not match its checksum.",                                 \
      "저장된 데이터가 손상되었습니다.")                                                           \
    X(LOCKED, 500, 0, "The data directory is in use by another process.",                          \
      "다른 프로세스가 데이터 폴더를 사용 중입니다.")                                              \
    X(FORMAT_VERSION, 500, 0, "The data directory has another format version.",                    \
      "데이터 폴더의 형식 버전이 다릅니다.")                                                       \
    X(EXISTS, 409, 0, "It exists already.", "이미 존재합니다.")                                    \
    X(END, 404, 0, "There is no more.", "더 이상 없습니다.")                                       \
    X(METHOD_NOT_ALLOWED, 405, 0, "This resource does not take that method; see Allow.",           \
      "허용되지 않는 메서드입니다. Allow 헤더를 확인해 주세요.")                                   \
    X(REQUEST_TIMEOUT, 408, 0, "The request did not arrive in time.",                              \
      "요청이 제한 시간 안에 도착하지 않았습니다.")                                                \
    X(LENGTH_REQUIRED, 411, 0, "Send a body with Content-Length, or chunked; {} if it is empty.",  \
      "Content-Length가 있는 본문을 보내 주세요. 비어 있으면 {}입니다.")                           \
    X(UNSUPPORTED_MEDIA_TYPE, 415, 0, "The body must be JSON: Content-Type: application/json.",    \
      "본문은 JSON이어야 합니다. Content-Type: application/json을 사용해 주세요.")                 \
    X(EXPECTATION_FAILED, 417, 0, "The only expectation that is met is 100-continue.",             \
      "지원하는 Expect 값은 100-continue뿐입니다.")                                                \
    X(HEADERS_TOO_LARGE, 431, 0, "The head of the request is too large.",                          \
      "요청 헤더가 너무 큽니다.")                                                                  \
    X(NOT_IMPLEMENTED, 501, 0, "The server does not know this method or transfer coding.",         \
      "서버가 지원하지 않는 메서드 또는 전송 방식입니다.")                                         \
    X(VERSION_NOT_SUPPORTED, 505, 0, "The only version here is HTTP/1.1.",                         \
      "HTTP/1.1만 지원합니다.")                                                                    \
    X(CROSS_SITE, 403, 0, "A page of another site may not do this with a cookie.",                 \
      "다른 사이트의 페이지에서는 쿠키로 이 요청을 할 수 없습니다.")

enum duet_error_index {
#define X(name, http, close, en, ko) DUET_ERROR_INDEX_##name,
    DUET_ERRORS(X)
#undef X
        DUET_ERROR_COUNT
};

/** The codes: ERR_BUSY and so on, all negative. */
enum duet_error {
    ERR_NONE = 0,
#define X(name, http, close, en, ko) ERR_##name = -1 - DUET_ERROR_INDEX_##name,
    DUET_ERRORS(X)
#undef X
};

enum language { LANGUAGE_EN, LANGUAGE_KO };

/** Name as clients see it, "BUSY"; for a number out of the table "INTERNAL". Static. Any thread. */
const char *error_name(int error);

/** Text for people. Static. Any thread. */
const char *error_text(int error, enum language language);

/** HTTP status; 500 for a number out of the table. */
int error_http_status(int error);

/** WebSocket close code, or 0 where this error does not end a connection. */
int error_close_code(int error);

/** The code for an errno value: ENOMEM, ENOSPC, EEXIST, else ERR_IO. */
int error_from_errno(int number);

/** The first error that ends a connection with this WebSocket close code, else ERR_INTERNAL. */
int error_from_close_code(int code);

/** The negative code for a name as clients see it, or ERR_INTERNAL if there is no such name. */
int error_from_name(const char *name);

#endif
