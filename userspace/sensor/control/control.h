/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket (proto/control.proto): who connects is known from SO_PEERCRED, may call what
 * the role allows, and nothing else. One command is one row; help, listing and the role check come
 * from it.
 */
#ifndef YAGURA_CONTROL_CONTROL_H
#define YAGURA_CONTROL_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct batch_header;
struct event_base;
struct control;
struct record;
struct record_filter;
struct control_call;
struct control_sensor; /* what cmd_*.c may look into: control_sensor.h, filled by worker_rooms.c */

enum control_role { CONTROL_NOBODY, CONTROL_VIEWER, CONTROL_OPERATOR, CONTROL_ADMIN };

enum control_argument_type { ARG_U32, ARG_TEXT, ARG_FLAG };

struct control_argument {
	const char *name;
	enum control_argument_type type;
	const char *help;
	bool positional; /* may be given by its place behind the command's name */
	bool required;
};

#define CONTROL_ARGUMENTS_MAX 10

struct control_command {
	const char *name;
	enum control_role role; /* the least that may call it */
	/* Answers with control_row, then returns 0, or -errno after control_fail. */
	int (*run)(struct control_call *call);
	struct control_argument arguments[CONTROL_ARGUMENTS_MAX + 1];
	const char *help;
	bool streams; /* `run` calls control_watch: rows come until the client has enough */
	const char *rows; /* what each row is one of, "processes"; NULL: one row is the answer */
};

struct control_options {
	const char *socket_path; /* its directory exists; a stale socket is replaced */
	/* Groups whose members have the role; NULL or "" for none. uid 0 and the daemon's own uid
	 * may do everything. */
	const char *viewer_group;
	const char *operator_group;
	const char *admin_group;
};

#define CONTROL_ERROR_BYTES 256

/* Binds and listens. 0, or -errno with one line in ret_error (-EADDRINUSE: another
 * daemon answers). */
int control_new(struct event_base *base, const struct control_options *options,
		struct control_sensor *sensor, struct control **ret_control,
		char ret_error[CONTROL_ERROR_BYTES]);
/* Closes every connection and unlinks the socket. */
void control_free(struct control *control);
/* Shows a record to everybody who watches; costs next to nothing while nobody does. A client that
 * reads more slowly than records come is told so and disconnected. */
void control_publish(struct control *control, const struct batch_header *header,
		     const struct record *record);

/* For the handlers in cmd_*.c. */
struct control_sensor *control_sensor(struct control_call *call);
/* Arguments of the call, whose types were checked: `fallback`, or NULL, when it was not given. */
uint32_t control_arg_u32(const struct control_call *call, const char *name, uint32_t fallback);
bool control_arg_flag(const struct control_call *call, const char *name); /* not given: false */
const char *control_arg_text(const struct control_call *call, const char *name);
/* The filter that the call's arguments make, of those its command declares. 0, or what its handler
 * has to return: one makes no sense. */
int control_filter(struct control_call *call, struct record_filter *ret_filter);
/* From now on this conversation gets a row for each record that the filter takes (copied), `limit`
 * of them at most; 0: until the client goes or asks for something else. */
void control_watch(struct control_call *call, const struct record_filter *filter, uint32_t limit);
/* One row of the answer: a JSON object; the reference is taken, NULL counts as out of memory. 0 or
 * -errno: then no row was added. */
struct json_t;
int control_row(struct control_call *call, struct json_t *object);
/* The same with the form it has for people: NULL when it has none. */
int control_row_line(struct control_call *call, struct json_t *object, const char *line);
/* Says why the command failed; returns what its handler has to. */
int control_fail(struct control_call *call, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The same for an argument whose value makes no sense. */
int control_bad_argument(struct control_call *call, const char *name, const char *wanted);

#endif
