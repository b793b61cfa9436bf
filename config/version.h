/**
 * The version of the server and of its tools, as told in hello and by --version.
 */
#ifndef CONFIG_VERSION_H
#define CONFIG_VERSION_H

#define DUET_VERSION "0.1.0"

#endif
