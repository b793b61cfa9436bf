/**
 * The end of a process that no longer knows what is on disk. Internal to storage/.
 */
#ifndef STORAGE_FATAL_H
#define STORAGE_FATAL_H

/**
 * Logs `what` and why, and ends the process with status 70, without running exit handlers. For
 * writes whose outcome is unknown: nothing may be built on memory that disk may contradict.
 */
_Noreturn void storage_fatal(const char *what, const char *reason);

#endif
