/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/sinks/sink.h"

#include "collector/sinks/lines.h"
#include "collector/sinks/sqlite.h"

#include <errno.h>

const struct sink *const sink_table[] = {
	&sqlite_sink,
	&lines_sink,
	NULL,
};

_Static_assert(sizeof(sink_table) / sizeof(sink_table[0]) - 1 <= SINK_COUNT_MAX, "sinks.open");

int sinks_open(const struct sink_options *options, struct sinks *ret_sinks, const char **ret_name)
{
	struct sinks sinks = { .count = 0 };

	for (size_t i = 0; sink_table[i]; i++) {
		void *state = NULL;
		int r = sink_table[i]->open(options, &state);

		if (r == -ECANCELED)
			continue;
		if (r < 0) {
			sinks_close(&sinks);
			*ret_name = sink_table[i]->name;
			return r;
		}
		sinks.open[sinks.count].sink = sink_table[i];
		sinks.open[sinks.count++].state = state;
	}
	*ret_sinks = sinks;
	return 0;
}

void sinks_close(struct sinks *sinks)
{
	while (sinks->count > 0) {
		sinks->count--;
		sinks->open[sinks->count].sink->close(sinks->open[sinks->count].state);
	}
}

int sinks_write(struct sinks *sinks, const struct sink_item *item)
{
	int r = 0;

	for (size_t i = 0; i < sinks->count && r >= 0; i++)
		r = sinks->open[i].sink->write(sinks->open[i].state, item);
	return r;
}

int sinks_flush(struct sinks *sinks)
{
	int r = 0;

	for (size_t i = 0; i < sinks->count && r >= 0; i++)
		r = sinks->open[i].sink->flush(sinks->open[i].state);
	return r;
}

void sinks_discard(struct sinks *sinks)
{
	for (size_t i = 0; i < sinks->count; i++)
		sinks->open[i].sink->discard(sinks->open[i].state);
}
