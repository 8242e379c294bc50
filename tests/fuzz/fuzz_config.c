/* SPDX-License-Identifier: Apache-2.0 */
/* Arbitrary bytes as a configuration file: read or refused in one line of text, nothing leaked. */
#include "common/config.h"

#include "common/log.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct settings {
	char *address;
	char *token;
	uint64_t limit;
	uint32_t port;
	enum log_level level;
	bool verbose;
};

static const struct config_option table[] = {
	{ "listen", "address", CONFIG_TEXT, offsetof(struct settings, address), "::", 0, 0, "" },
	{ "listen", "port", CONFIG_U32, offsetof(struct settings, port), "6514", 1, 65535, "" },
	{ "store", "limit", CONFIG_BYTES, offsetof(struct settings, limit), "1G", 4096, 1ull << 40,
	  "" },
	{ "store", "token", CONFIG_TEXT, offsetof(struct settings, token), NULL, 0, 0, "" },
	{ "store", "verbose", CONFIG_BOOL, offsetof(struct settings, verbose), "no", 0, 0, "" },
	{ "store", "level", CONFIG_LEVEL, offsetof(struct settings, level), "info", 0, 0, "" },
	{ 0 },
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

static void check_accepted(const struct settings *settings)
{
	require(settings->address && settings->token && settings->token[0] != '\0');
	require(settings->port >= 1 && settings->port <= 65535);
	require(settings->limit >= 4096 && settings->limit <= 1ull << 40);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	int fd = memfd_create("config", MFD_CLOEXEC);
	char path[64];
	char error[CONFIG_ERROR_BYTES] = "";
	struct settings settings;
	int r;

	require(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = config_read(table, &settings, path, error);
	close(fd);
	require(r == 0 || r == -EINVAL);
	if (r == 0)
		check_accepted(&settings);
	else
		require(strncmp(error, path, strlen(path)) == 0 && !settings.address &&
			!settings.token);
	config_done(table, &settings);
	return 0;
}
