/* SPDX-License-Identifier: Apache-2.0 */
/* A fresh directory for one test, under $TMPDIR or /tmp. */
#ifndef YAGURA_SUPPORT_TEMP_DIR_H
#define YAGURA_SUPPORT_TEMP_DIR_H

#include <stddef.h>

/* Its path; free it with temp_dir_remove. Fails the test when there is none to be had. */
char *temp_dir_new(void);
/* Removes it with everything in it. Takes NULL. */
void temp_dir_remove(char *directory);
/* "directory/name"; free it. */
char *temp_dir_path(const char *directory, const char *name);
/* Writes a file of its own, replacing an older one. */
void temp_dir_write(const char *directory, const char *name, const void *bytes, size_t size);

#endif
