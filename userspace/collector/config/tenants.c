/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/config/tenants.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SUFFIX ".conf"
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

/* Other files (backups, editors' own) may lie there too. */
static int is_config(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > strlen(SUFFIX) &&
	       strcmp(entry->d_name + length - strlen(SUFFIX), SUFFIX) == 0;
}

static bool take_name(const char *file, char ret_name[TENANTS_NAME_BYTES])
{
	size_t length = strlen(file) - strlen(SUFFIX);

	if (length >= TENANTS_NAME_BYTES || strspn(file, NAME_CHARACTERS) != length)
		return false;
	memcpy(ret_name, file, length);
	ret_name[length] = '\0';
	return true;
}

static int read_one(const char *directory, const char *file, struct tenants_entry *ret_entry,
		    char *ret_error)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", directory, file) >= (int)sizeof(path) ||
	    !take_name(file, ret_entry->name)) {
		snprintf(ret_error, CONFIG_ERROR_BYTES,
			 "%.200s/%.200s: a tenant's name has 1 to %d letters, digits, '-' or '_'",
			 directory, file, TENANTS_NAME_BYTES - 1);
		return -EINVAL;
	}
	return config_read(tenant_options, &ret_entry->config, path, ret_error);
}

static int read_all(const char *directory, struct dirent *const *files, size_t count,
		    struct tenants *ret_tenants, char *ret_error)
{
	struct tenants tenants = { .entries = calloc(count + 1, sizeof(*tenants.entries)) };
	int r = tenants.entries ? 0 : -ENOMEM;

	for (size_t i = 0; i < count && r == 0; i++) {
		r = read_one(directory, files[i]->d_name, &tenants.entries[i], ret_error);
		tenants.count += r == 0;
	}
	if (r < 0)
		tenants_done(&tenants);
	*ret_tenants = tenants;
	return r;
}

int tenants_read(const char *directory, struct tenants *ret_tenants,
		 char ret_error[CONFIG_ERROR_BYTES])
{
	struct dirent **files = NULL;
	int count, r;

	*ret_tenants = (struct tenants){ 0 };
	if (directory[0] == '\0')
		return 0;
	count = scandir(directory, &files, is_config, alphasort);
	if (count < 0) {
		r = -errno;
		snprintf(ret_error, CONFIG_ERROR_BYTES,
			 "cannot read %s: %s; set directory in [tenants] to one this user may read",
			 directory, strerror(-r));
		return r;
	}
	snprintf(ret_error, CONFIG_ERROR_BYTES, "%s: more than %d tenants", directory, TENANTS_MAX);
	r = count > TENANTS_MAX ? -E2BIG
				: read_all(directory, files, (size_t)count, ret_tenants, ret_error);
	for (int i = 0; i < count; i++)
		free(files[i]);
	free(files);
	return r;
}

void tenants_done(struct tenants *tenants)
{
	for (size_t i = 0; i < tenants->count; i++)
		config_done(tenant_options, &tenants->entries[i].config);
	free(tenants->entries);
	*tenants = (struct tenants){ 0 };
}
