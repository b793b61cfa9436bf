/**
 * What clients ask a user actor about the account and the profile, and what it answers.
 */
#ifndef ACTORS_USER_PROFILE_H
#define ACTORS_USER_PROFILE_H

#include "actors/user_records.h"

#define AUTH_ME_RESULT(F, R)                                                                       \
    F(R, ID, user, REQUIRED, 0, 0, NULL, BODY, "who is signed in", ID_EXAMPLE)                     \
    F(R, TEXT, email, REQUIRED, 3, 254, NULL, BODY, "as it was given", "\"minji@example.com\"")    \
    F(R, ID, sid, REQUIRED, 0, 0, NULL, BODY, "the session", ID_EXAMPLE)                           \
    F(R, ID, device, REQUIRED, 0, 0, NULL, BODY, "the installation", ID_EXAMPLE)                   \
    F(R, TEXT, nickname, OPTIONAL, 1, 20, NULL, BODY, "absent: none", "\"민지\"")                  \
    F(R, ID, couple, OPTIONAL, 0, 0, NULL, BODY, "absent while not paired", ID_EXAMPLE)            \
    F(R, INSTANT, created_at, REQUIRED, 0, INT_BOUND, NULL, BODY, "signed up", AT_EXAMPLE)
RECORD_DECLARE(auth_me_result, AUTH_ME_RESULT)

#define USER_PROFILE_RESULT(F, R)                                                                  \
    F(R, ID, user, REQUIRED, 0, 0, NULL, BODY, "whose it is", ID_EXAMPLE)                          \
    USER_PROFILE_GIVEN(F, R)
RECORD_DECLARE(user_profile_result, USER_PROFILE_RESULT)

#define USER_UPDATE_ARGS(F, R)                                                                     \
    F(R, TEXT, nickname, NULLABLE, 2, 20, NULL, BODY, "unique; case does not count", "\"민지\"")   \
    F(R, TEXT, bio, NULLABLE, 1, BIO_POINTS_MAX, NULL, BODY, "about oneself",                      \
      "\"walks by the sea\"")                                                                      \
    F(R, DAY, birth_date, NULLABLE, 0, 0, NULL, BODY, "from 1900 on", "\"1998-03-14\"")
RECORD_DECLARE(user_update_args, USER_UPDATE_ARGS)

#endif
