/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line a message on stderr: "<level> token: text". journald, a terminal or a file take it from
 * there. Library rooms do not log; main.c, pipeline.c, keeper/, ship/, accept/ and control/ do.
 */
#ifndef YAGURA_COMMON_LOG_H
#define YAGURA_COMMON_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Messages above `level` are dropped. `program` (a constant text) goes first on every line. */
void log_init(const char *program, enum log_level level);
/* "error", "warn", "info", "debug"; false when `name` is none of them. */
bool log_level_parse(const char *name, enum log_level *ret_level);

void log_write(enum log_level level, const char *token, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define log_error(token, ...) log_write(LOG_LEVEL_ERROR, token, __VA_ARGS__)
#define log_warn(token, ...) log_write(LOG_LEVEL_WARN, token, __VA_ARGS__)
#define log_info(token, ...) log_write(LOG_LEVEL_INFO, token, __VA_ARGS__)
#define log_debug(token, ...) log_write(LOG_LEVEL_DEBUG, token, __VA_ARGS__)

#endif
