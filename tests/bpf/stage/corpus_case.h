/* SPDX-License-Identifier: Apache-2.0 */
/* Captures of the corpus, read as yagura-replay reads them, by whichever watcher. */
#ifndef YAGURA_TESTS_BPF_STAGE_CORPUS_CASE_H
#define YAGURA_TESTS_BPF_STAGE_CORPUS_CASE_H

#include "replay/watch.h"

#include <stddef.h>

#define CORPUS "../shared/corpus"

struct corpus {
	char **path; /* in order of their names */
	size_t count; /* 0: there is no corpus */
};

/* 0 or -errno. */
int corpus_open(struct corpus *ret_corpus);
void corpus_close(struct corpus *corpus);

/* How segments with payload are made others before anybody sees them: no more than BPF_PROG_RUN
 * takes at least. Bytes stay at their places, lengths do not. */
enum corpus_way {
	CORPUS_AS_IT_IS, /* those of more than a page in two or more */
	CORPUS_SMALL, /* in parts of PART bytes */
	CORPUS_TURNED, /* likewise, of each four the last comes first */
	CORPUS_OVERLAPPING, /* likewise, each begins with what the one before ended with */
	CORPUS_LOST, /* likewise, and about one in seven never comes */
	CORPUS_WAYS
};

/* What replay prints of a capture as NDJSON, to be freed. What one that cannot be read to its end
 * has before that counts. NULL without memory, or when the watcher failed. */
char *corpus_replay(const char *path, enum corpus_way way, const struct watcher *watcher);

#endif
