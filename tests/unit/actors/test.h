#ifndef TESTS_UNIT_ACTORS_TEST_H
#define TESTS_UNIT_ACTORS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#endif
