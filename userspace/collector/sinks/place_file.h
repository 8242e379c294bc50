/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far a sink without a database has come, as a small file `place` in its directory, replaced
 * whole: place in the intake log, and which of the sink's own files is how long with it.
 */
#ifndef YAGURA_COLLECTOR_PLACE_FILE_H
#define YAGURA_COLLECTOR_PLACE_FILE_H

#include "collector/sinks/sink.h"

struct place_file {
	struct sink_place place;
	uint64_t file; /* its number; 0: none */
	uint64_t bytes; /* of that file */
};

/* 0; all zero when there is none yet. -EBADMSG: it is damaged. -errno. */
int place_file_read(int directory_fd, struct place_file *ret_place);
/* 0 once it is on disk, or -errno: then the old one is there still. */
int place_file_write(int directory_fd, const struct place_file *place);

#endif
