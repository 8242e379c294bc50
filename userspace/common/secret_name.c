/* SPDX-License-Identifier: Apache-2.0 */
#include "common/secret_name.h"

/* Where a secret is kept is none: "--password-file". */
static const char *const harmless_endings[] = { "file", "path", "dir",	   "fd",  "stdin", "prompt",
						"env",	"name", "command", "cmd", "url" };
/* Options that have no value, or none that is one: whole names, as an end they might hide others.
 */
static const char *const harmless_names[] = { "compass", "nopassword" };
static const char *const secret_parts[] = { "passw", "passphrase", "secret" };
static const char *const secret_endings[] = { "pass",	 "token",    "apikey",	   "accesskey",
					      "authkey", "mysqlpwd", "credential", "credentials" };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool ends_in(const char *text, size_t length, const char *ending)
{
	size_t size = strlen(ending);

	return size <= length && text[length - 1] == ending[size - 1] &&
	       memcmp(text + length - size, ending, size) == 0;
}

static bool ends_in_any(const char *text, size_t length, const char *const *endings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (ends_in(text, length, endings[i]))
			return true;
	return false;
}

static bool is_any(const char *text, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(text, names[i]) == 0)
			return true;
	return false;
}

bool secret_name_is(struct cursor name)
{
	char text[SECRET_NAME_BYTES_MAX + 1];
	size_t length = 0;

	if (name.left > SECRET_NAME_BYTES_MAX)
		return false;
	while (name.left > 0) {
		uint8_t c = cursor_u8(&name);

		if (c >= 'A' && c <= 'Z')
			c = (uint8_t)(c - 'A' + 'a');
		if (c != '-' && c != '_' && c != '.' && c != '\0')
			text[length++] = (char)c;
	}
	text[length] = '\0';
	if (is_any(text, harmless_names, COUNT(harmless_names)) ||
	    ends_in_any(text, length, harmless_endings, COUNT(harmless_endings)))
		return false;
	for (size_t i = 0; i < COUNT(secret_parts); i++)
		if (strstr(text, secret_parts[i]))
			return true;
	return ends_in_any(text, length, secret_endings, COUNT(secret_endings));
}
