/* SPDX-License-Identifier: Apache-2.0 */
#include "common/config_value.h"

#include "common/log.h"
#include "common/parse.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void format_bytes(uint64_t bytes, char *ret_text, size_t size)
{
	static const char *const suffixes[] = { "", "K", "M", "G" };
	size_t i = 0;

	for (; bytes > 0 && bytes % 1024 == 0 && i < 3; i++)
		bytes /= 1024;
	snprintf(ret_text, size, "%" PRIu64 "%s", bytes, suffixes[i]);
}

const char *config_value_wanted(const struct config_option *option,
				char ret_text[CONFIG_WANTED_BYTES])
{
	char min[24];
	char max[24];

	switch (option->type) {
	case CONFIG_TEXT:
		return "text";
	case CONFIG_LINES:
		return "text, may be given several times";
	case CONFIG_U32:
		snprintf(ret_text, CONFIG_WANTED_BYTES, "a number from %" PRIu64 " to %" PRIu64,
			 option->min, option->max);
		return ret_text;
	case CONFIG_BYTES:
		format_bytes(option->min, min, sizeof(min));
		format_bytes(option->max, max, sizeof(max));
		snprintf(ret_text, CONFIG_WANTED_BYTES, "a size from %s to %s, suffixes K, M, G",
			 min, max);
		return ret_text;
	case CONFIG_BOOL:
		return "yes or no";
	case CONFIG_LEVEL:
		return "error, warn, info or debug";
	}
	return "";
}

static bool in_bounds(const struct config_option *option, uint64_t value)
{
	return value >= option->min && value <= option->max;
}

static int set_text(char **field, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	free(*field);
	*field = copy;
	return 0;
}

static int add_line(char **field, const char *text)
{
	char *lines;

	if (!*field || **field == '\0')
		return set_text(field, text);
	if (text[0] == '\0')
		return 0;
	if (asprintf(&lines, "%s\n%s", *field, text) < 0)
		return -ENOMEM;
	free(*field);
	*field = lines;
	return 0;
}

static int set_u32(const struct config_option *option, uint32_t *field, const char *text)
{
	uint64_t value;

	if (parse_u64(text, &value) < 0 || !in_bounds(option, value) || value > UINT32_MAX)
		return -EINVAL;
	*field = (uint32_t)value;
	return 0;
}

static int set_bytes(const struct config_option *option, uint64_t *field, const char *text)
{
	uint64_t value;

	if (parse_bytes(text, &value) < 0 || !in_bounds(option, value))
		return -EINVAL;
	*field = value;
	return 0;
}

static int set_bool(bool *field, const char *text)
{
	bool is_yes = strcmp(text, "yes") == 0;

	if (!is_yes && strcmp(text, "no") != 0)
		return -EINVAL;
	*field = is_yes;
	return 0;
}

int config_value_set(const struct config_option *option, uint8_t *target, const char *text)
{
	void *field = target + option->offset;

	switch (option->type) {
	case CONFIG_TEXT:
		return set_text(field, text);
	case CONFIG_LINES:
		return add_line(field, text);
	case CONFIG_U32:
		return set_u32(option, field, text);
	case CONFIG_BYTES:
		return set_bytes(option, field, text);
	case CONFIG_BOOL:
		return set_bool(field, text);
	case CONFIG_LEVEL:
		return log_level_parse(text, field) ? 0 : -EINVAL;
	}
	return -EINVAL;
}
