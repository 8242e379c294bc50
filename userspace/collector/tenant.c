/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/tenant.h"

#include "collector/sinks/database.h"
#include "collector/sinks/ledger.h"
#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define CATCH_UP_MS 5000

__attribute__((format(printf, 3, 4))) static int explain(char *ret_error, int r, const char *format,
							 ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(ret_error, TENANT_ERROR_BYTES, format, arguments);
	va_end(arguments);
	return r;
}

static int lock_directory(struct tenant *tenant, const char *directory, char *ret_error)
{
	char path[PATH_MAX];
	int r;

	if (mkdir(directory, 0750) != 0 && errno != EEXIST)
		return explain(ret_error, -errno,
			       "cannot create %s: %s; set directory in [store] to one this user "
			       "may write",
			       directory, strerror(errno));
	if (snprintf(path, sizeof(path), "%s/lock", directory) >= (int)sizeof(path))
		return explain(ret_error, -ENAMETOOLONG, "%s: the name is too long", directory);
	tenant->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (tenant->lock < 0)
		return explain(ret_error, -errno,
			       "cannot open %s: %s; set directory in [store] to one this user may "
			       "write",
			       path, strerror(errno));
	if (flock(tenant->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	r = -errno;
	return explain(ret_error, r,
		       "%s is in use by another yagura-collector (%s is locked); stop it or set "
		       "another directory in [store]",
		       directory, path);
}

static int seed(void *context, const struct dedupe_key *key, uint64_t mark)
{
	return intake_seed(context, key, mark);
}

/* A store without a log was an earlier version's, or has lost it: what stands in its rows must not
 * be taken a second time. */
static int adopt_marks(struct tenant *tenant, const char *directory, char *ret_error)
{
	struct database *database = NULL;
	struct ledger *ledger = NULL;
	char path[PATH_MAX];
	int r;

	if (snprintf(path, sizeof(path), "%s/yagura.db", directory) >= (int)sizeof(path))
		return explain(ret_error, -ENAMETOOLONG, "%s: the name is too long", directory);
	if (access(path, F_OK) != 0)
		return 0;
	r = database_open(path, &database, ret_error);
	if (r < 0)
		return r;
	r = ledger_new(database, &ledger);
	if (r == 0)
		r = ledger_marks(ledger, seed, tenant->intake);
	if (r < 0)
		explain(ret_error, r, "cannot read the marks in %s: %s", path,
			database_error(database));
	ledger_free(ledger);
	database_close(database);
	return r;
}

static int open_feeds(struct tenant *tenant, char *ret_error)
{
	struct feed_options options = { .options = &tenant->options.sinks,
					.intake = tenant->intake,
					.tenant = tenant->label };
	int r = 0;

	for (size_t i = 0; sink_table[i] && r == 0; i++) {
		options.sink = sink_table[i];
		r = feed_open(&options, &tenant->feeds[tenant->feed_count], ret_error);
		tenant->feed_count += r == 0;
		if (r == -ECANCELED)
			r = 0;
	}
	return r;
}

static int open_all(struct tenant *tenant, char *ret_error)
{
	struct intake_options intake = { .directory = tenant->options.sinks.directory,
					 .bytes_max = tenant->options.log_bytes_max };
	int r = lock_directory(tenant, intake.directory, ret_error);

	if (r == 0)
		r = intake_open(&intake, &tenant->intake, ret_error);
	if (r == 0 && intake_is_new(tenant->intake))
		r = adopt_marks(tenant, intake.directory, ret_error);
	return r < 0 ? r : open_feeds(tenant, ret_error);
}

int tenant_open(const struct tenant_options *options, struct tenant **ret_tenant,
		char ret_error[TENANT_ERROR_BYTES])
{
	struct tenant *tenant = calloc(1, sizeof(*tenant));
	int r;

	explain(ret_error, 0, "out of memory");
	if (!tenant)
		return -ENOMEM;
	tenant->options = *options;
	tenant->lock = -1;
	if (options->name[0] != '\0')
		snprintf(tenant->label, sizeof(tenant->label), "%s: ", options->name);
	tenant->roster = roster_new();
	r = tenant->roster ? open_all(tenant, ret_error) : -ENOMEM;
	if (r < 0)
		tenant_close(tenant);
	else
		*ret_tenant = tenant;
	return r;
}

int tenant_start(struct tenant *tenant, char ret_error[TENANT_ERROR_BYTES])
{
	int r = intake_start(tenant->intake);

	if (r < 0)
		return explain(ret_error, r, "cannot write the log in %s/intake: %s",
			       tenant->options.sinks.directory, strerror(-r));
	for (size_t i = 0; i < tenant->feed_count && r == 0; i++)
		r = feed_start(tenant->feeds[i]);
	if (r < 0)
		explain(ret_error, r, "cannot start a thread: %s", strerror(-r));
	return r;
}

static void close_feed(struct tenant *tenant, struct feed *feed)
{
	struct feed_stats stats;

	if (!feed_wait(feed, CATCH_UP_MS)) {
		feed_stats(feed, &stats);
		log_warn("tenant", "%s%s has not kept up; the rest waits in the log", tenant->label,
			 stats.name);
	}
	feed_stop(feed, false);
	feed_close(feed);
}

void tenant_close(struct tenant *tenant)
{
	if (!tenant)
		return;
	if (tenant->intake)
		intake_settle(tenant->intake);
	for (size_t i = 0; i < tenant->feed_count; i++)
		feed_stop(tenant->feeds[i], true);
	for (size_t i = 0; i < tenant->feed_count; i++)
		close_feed(tenant, tenant->feeds[i]);
	intake_close(tenant->intake);
	roster_free(tenant->roster);
	if (tenant->lock >= 0)
		close(tenant->lock);
	free(tenant);
}
