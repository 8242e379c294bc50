/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scenario is one way in which processes share out the work on sockets: a row in the table of its
 * file. `serve` runs in the server's process and calls scene_ready() when it can be talked to;
 * `talk` runs in the client's, once a conversation. Each returns when it has done its part, all its
 * children ended.
 */
#ifndef YAGURA_TESTS_OWNERS_SCENARIO_H
#define YAGURA_TESTS_OWNERS_SCENARIO_H

#include "support/owners/scene.h"

struct scenario {
	const char *name;
	const char *what;
	int transport; /* SOCK_STREAM or SOCK_DGRAM */
	unsigned int conversations;
	void (*serve)(struct scene *scene);
	void (*talk)(struct scene *scene);
	const char *(*cannot)(void); /* why this host cannot; NULL: it can */
};

extern const struct scenario dialogue_scenarios[];
extern const struct scenario fork_scenarios[];
extern const struct scenario handover_scenarios[];
extern const struct scenario bulk_scenarios[];
extern const struct scenario uring_scenarios[];
extern const struct scenario datagram_scenarios[];

/* What the executed halves of a scenario run: main() with these as its first argument. */
#define INETD_ARGUMENT "--inetd"
#define TALKER_ARGUMENT "--talker"
#define ACTIVATED_ARGUMENT "--activated"
int inetd_main(int label);
int talker_main(int label);
int activated_main(unsigned int conversations);

#endif
