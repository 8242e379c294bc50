/* SPDX-License-Identifier: Apache-2.0 */
/* Captures of the corpus, read as yagura-replay reads them, by whichever watcher. */
#ifndef YAGURA_TESTS_BPF_CORPUS_CASE_H
#define YAGURA_TESTS_BPF_CORPUS_CASE_H

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

/* What replay prints of a capture as NDJSON, to be freed. Segments of more bytes than BPF_PROG_RUN
 * takes are made into several first, whoever watches: the lengths, not the bytes, are others then.
 * What a capture that cannot be read to its end has before counts. NULL without memory. */
char *corpus_replay(const char *path, const struct watcher *watcher);

#endif
