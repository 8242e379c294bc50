/* SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES 1024

static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARN] = "warn",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};
#define LEVEL_COUNT (sizeof(level_names) / sizeof(level_names[0]))

static const char *log_program = "yagura";
static enum log_level log_threshold = LOG_LEVEL_INFO;

void log_init(const char *program, enum log_level level)
{
	log_program = program;
	log_threshold = level;
}

bool log_level_parse(const char *name, enum log_level *ret_level)
{
	for (size_t i = 0; i < LEVEL_COUNT; i++) {
		if (strcmp(name, level_names[i]) == 0) {
			*ret_level = (enum log_level)i;
			return true;
		}
	}
	return false;
}

/* snprintf's and vsnprintf's answer as what really stands in `room` bytes. */
static size_t written(int answer, size_t room)
{
	if (answer < 0)
		return 0;
	return (size_t)answer < room ? (size_t)answer : room - 1;
}

/* Names and paths in messages are other people's: none may start a line or steer a terminal. */
static void disarm(char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			text[i] = '?';
	}
}

void log_write(enum log_level level, const char *token, const char *format, ...)
{
	const int saved_errno = errno;
	char line[LINE_BYTES];
	size_t size;
	va_list args;

	if (level > log_threshold)
		return;
	size = written(
		snprintf(line, sizeof(line), "%s: %s %s: ", log_program, level_names[level], token),
		sizeof(line));
	va_start(args, format);
	size += written(vsnprintf(line + size, sizeof(line) - size, format, args),
			sizeof(line) - size);
	va_end(args);
	disarm(line, size);
	line[size++] = '\n'; /* in the place of the terminating zero */
	/* One write a line: the daemon's processes share this stderr. Nobody to tell when
	 * it fails. */
	ssize_t unheard = write(STDERR_FILENO, line, size);

	(void)unheard;
	errno = saved_errno;
}
