/* SPDX-License-Identifier: Apache-2.0 */
#include "common/clock.h"
#include "telemetry/args.h"
#include "telemetry/container.h"
#include "telemetry/render.h"
#include "telemetry/utf8.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#define SHOWN_ID_DIGITS 12
#define SHOWN_MARK_BYTES 64
#define PIECE_BYTES 128 /* the longest that write_format is used for: two addresses fit */
#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A line being written; `at` has room for `size` bytes. Full is full: nothing that comes after the
 * first piece that did not fit is written. */
struct line {
	char *at;
	size_t size;
	size_t length;
	bool is_full;
};

static void write_bytes(struct line *line, const char *bytes, size_t length)
{
	if (line->is_full || length >= line->size - line->length) {
		line->is_full = true;
		return;
	}
	memcpy(line->at + line->length, bytes, length);
	line->length += length;
	line->at[line->length] = '\0';
}

/* By character, so that a cut never leaves half a one. */
static void write_text(struct line *line, struct text text)
{
	while (text.length > 0 && !line->is_full) {
		struct utf8_character c = utf8_take(&text);

		if (utf8_is_printable(&c))
			write_bytes(line, c.at, c.length);
		else
			write_bytes(line, "?", 1);
	}
}

/* Our own words: ASCII, so the cut may fall anywhere. */
static void write_format(struct line *line, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void write_format(struct line *line, const char *format, ...)
{
	char piece[PIECE_BYTES] = "";
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(piece, sizeof(piece), format, arguments);
	va_end(arguments);
	write_text(line, (struct text){ .at = piece, .length = strlen(piece) });
}

static void write_start(struct line *line, uint64_t time_ns, enum record_class class)
{
	time_t seconds = (time_t)(time_ns / NS_PER_S);
	struct tm utc;

	gmtime_r(&seconds, &utc);
	write_format(line, "%02d:%02d:%02d.%03u %-6s ", utc.tm_hour, utc.tm_min, utc.tm_sec,
		     (unsigned int)(time_ns / NS_PER_MS % 1000), record_class_name(class));
}

static void write_name(struct line *line, struct text name)
{
	if (name.length > 0)
		write_text(line, name);
	else
		write_format(line, "?");
}

static struct text base_name(struct text path)
{
	const char *slash = path.length > 0 ? memrchr(path.at, '/', path.length) : NULL;
	size_t skipped = slash ? (size_t)(slash - path.at) + 1 : 0;

	if (skipped == 0)
		return path;
	return (struct text){ .at = path.at + skipped, .length = path.length - skipped };
}

static void write_process(struct line *line, const struct record_process *process)
{
	write_name(line, process->executable);
	if (!record_process_key_is_none(&process->key))
		write_format(line, " [%" PRIu32 "]", process->key.pid);
}

/* argv with a blank between arguments; they keep their NULs, which would show as '?'. */
static void write_args(struct line *line, const struct record_process *process)
{
	struct text rest = process->args;

	write_format(line, ":");
	while (rest.length > 0 && !line->is_full) {
		write_format(line, " ");
		write_text(line, args_take(&rest));
	}
	if (process->args_truncated)
		write_format(line, " ...");
}

/* As much of an id as people use. */
static void write_container(struct line *line, struct text cgroup)
{
	struct container container;

	if (!container_of(cgroup, &container))
		return;
	if (container.id.length == CONTAINER_ID_DIGITS)
		container.id.length = SHOWN_ID_DIGITS;
	write_format(line, " in %s ", container.runtime ? container.runtime : "container");
	write_text(line, container.id);
}

static void write_file(struct line *line, const struct record_exec *exec)
{
	if (exec->file.memfd)
		write_format(line, " (memfd)");
	else if (exec->file.deleted)
		write_format(line, " (deleted)");
	if (exec->script.length == 0)
		return;
	write_format(line, " script ");
	write_text(line, exec->script);
}

static void write_exec(struct line *line, const struct record_exec *exec)
{
	write_process(line, &exec->process);
	write_file(line, exec);
	if (exec->process.uid == UINT32_MAX)
		write_format(line, " uid ?");
	else
		write_format(line, " uid %" PRIu32, exec->process.uid);
	if (exec->privileged)
		write_format(line, " euid %" PRIu32 " (privileged)", exec->euid);
	write_container(line, exec->cgroup);
	if (!record_process_key_is_none(&exec->parent.key)) {
		write_format(line, " by ");
		write_process(line, &exec->parent);
	}
	if (exec->process.args.length > 0)
		write_args(line, &exec->process);
}

static void write_signal(struct line *line, int status)
{
	const char *name = sigabbrev_np(WTERMSIG(status));

	if (name)
		write_format(line, " signal %s", name);
	else
		write_format(line, " signal %d", WTERMSIG(status));
	if (WCOREDUMP(status))
		write_format(line, " (core dumped)");
}

static void write_exit(struct line *line, const struct record_exit *ended)
{
	write_process(line, &ended->process);
	if (WIFSIGNALED(ended->status))
		write_signal(line, ended->status);
	else
		write_format(line, " code %d", WEXITSTATUS(ended->status));
	if (ended->run_ns > 0)
		write_format(line, " after %" PRIu64 ".%03u s",
			     (uint64_t)(ended->run_ns / NS_PER_S),
			     (unsigned int)(ended->run_ns / NS_PER_MS % 1000));
}

static bool has_ports(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP ||
	       protocol == IPPROTO_DCCP || protocol == IPPROTO_UDPLITE;
}

static void write_endpoint(struct line *line, const struct record_endpoint *end, uint8_t protocol)
{
	char addr[RENDER_ADDR_BYTES];

	render_addr(addr, end->addr);
	if (has_ports(protocol))
		write_format(line, strchr(addr, ':') ? "[%s]:%u" : "%s:%u", addr, end->port);
	else
		write_format(line, "%s", addr);
}

static void write_protocol(struct line *line, const struct record_flow *flow)
{
	const char *name = record_protocol_name(flow->protocol);

	if (name)
		write_format(line, " %s", name);
	else
		write_format(line, " protocol %u", flow->protocol);
	if (flow->protocol == IPPROTO_ICMP || flow->protocol == IPPROTO_ICMPV6)
		write_format(line, " %u/%u", flow->icmp_type, flow->icmp_code);
}

/* That one end said goodbye is how it should be and not worth a word. */
static void write_outcome(struct line *line, const struct record_flow *flow)
{
	const char *name = strerrorname_np((int)flow->error);

	write_format(line, " %s", record_flow_state_name(flow->state));
	if (flow->error && name)
		write_format(line, " %s", name);
	else if (flow->error)
		write_format(line, " error %" PRIu32, flow->error);
	if (flow->ending > FLOW_ENDING_FIN_REMOTE)
		write_format(line, " %s", record_flow_ending_name(flow->ending));
}

/* Sent and received as this host's end sees it; an unknown direction is told from the source. */
static void write_traffic(struct line *line, const struct record_flow *flow)
{
	bool is_acceptor = flow->direction == DIRECTION_INGRESS;
	const struct record_endpoint *local = is_acceptor ? &flow->destination : &flow->source;
	const struct record_endpoint *remote = is_acceptor ? &flow->source : &flow->destination;

	write_format(line, " sent %" PRIu64 " received %" PRIu64, local->bytes, remote->bytes);
}

static void write_amount(struct line *line, const struct record_flow *flow)
{
	if (flow->state == FLOW_REFUSED)
		write_format(line, " attempts %" PRIu32 " ports %" PRIu32, flow->count,
			     flow->ports);
	else
		write_traffic(line, flow);
	if (flow->folded)
		write_format(line, " of %" PRIu32 " flows", flow->count);
}

static void write_owner(struct line *line, const struct record_flow *flow)
{
	write_format(line, " ");
	write_name(line, base_name(flow->process.executable));
	if (!record_process_key_is_none(&flow->process.key))
		write_format(line, " [%" PRIu32 "]", flow->process.key.pid);
	write_format(line, " %s%s", record_owner_quality_name(flow->owner_quality),
		     flow->shared ? " shared" : "");
	write_container(line, flow->cgroup);
	if (record_process_key_is_none(&flow->listener.key))
		return;
	write_format(line, " (listener ");
	write_name(line, base_name(flow->listener.executable));
	write_format(line, "[%" PRIu32 "])", flow->listener.key.pid);
}

static struct text first_mark(const struct record_flow *flow, enum mark_kind kind)
{
	for (size_t i = 0; i < flow->mark_count; i++)
		if (flow->marks[i].kind == kind)
			return flow->marks[i].value;
	return (struct text){ 0 };
}

/* Whether there was one to write. */
static bool write_telling(struct line *line, const char *label, struct text value)
{
	if (value.length == 0)
		return false;
	write_format(line, " %s ", label);
	write_text(line, (struct text){ value.at, value.length > SHOWN_MARK_BYTES ? SHOWN_MARK_BYTES
										  : value.length });
	if (value.length > SHOWN_MARK_BYTES)
		write_format(line, "...");
	return true;
}

/* A name and a fingerprint, the most telling there are: what was asked for, and by what. */
static void write_marks(struct line *line, const struct record_flow *flow)
{
	static const struct {
		enum mark_kind kind;
		const char *label;
	} fingerprints[] = {
		{ MARK_JA4, "ja4" },
		{ MARK_HASSH, "hassh" },
		{ MARK_HASSH_SERVER, "hassh_server" },
	};
	bool has_fingerprint = false;

	if (!write_telling(line, "sni", first_mark(flow, MARK_SERVER_NAME)) &&
	    !write_telling(line, "dns", first_mark(flow, MARK_DNS_NAME)))
		write_telling(line, "name", flow->destination_name);
	for (size_t i = 0; i < ARRAY_COUNT(fingerprints) && !has_fingerprint; i++)
		has_fingerprint = write_telling(line, fingerprints[i].label,
						first_mark(flow, fingerprints[i].kind));
}

static void write_flow(struct line *line, const struct record_flow *flow)
{
	write_format(line, "%s ", record_direction_name(flow->direction));
	write_endpoint(line, &flow->source, flow->protocol);
	write_format(line, " > ");
	write_endpoint(line, &flow->destination, flow->protocol);
	write_protocol(line, flow);
	write_outcome(line, flow);
	if (flow->preexisting)
		write_format(line, " preexisting");
	write_amount(line, flow);
	if (flow->state != FLOW_REFUSED)
		write_owner(line, flow);
	write_marks(line, flow);
}

static void write_exec_update(struct line *line, const struct record_exec_update *update)
{
	char digest[2 * HASH_SHA256_BYTES + 1];

	write_name(line, update->process.executable);
	render_hex(digest, update->hash.sha256, HASH_SHA256_BYTES);
	write_format(line, "[%" PRIu32 "] hash %s", update->process.key.pid,
		     hash_status_name(update->hash.status));
	if (hash_has_digest(&update->hash))
		write_format(line, " %s", digest);
}

static void write_gap(struct line *line, const struct record_gap *gap)
{
	write_format(line, "%" PRIu64 " %s record%s missing: %s", gap->count,
		     record_class_name(gap->class), gap->count == 1 ? "" : "s",
		     gap_reason_name(gap->reason));
	if (gap->cgroup.length == 0)
		return;
	write_format(line, " of ");
	write_text(line, gap->cgroup);
}

static void write_record(struct line *line, const struct record *record)
{
	switch (record->class) {
	case RECORD_EXEC:
		write_start(line, record->exec.time_ns, RECORD_EXEC);
		write_exec(line, &record->exec);
		break;
	case RECORD_EXIT:
		write_start(line, record->exit.time_ns, RECORD_EXIT);
		write_exit(line, &record->exit);
		break;
	case RECORD_FLOW:
		write_start(line, record->flow.end_ns, RECORD_FLOW);
		write_flow(line, &record->flow);
		break;
	case RECORD_EXEC_UPDATE:
		write_start(line, record->exec_update.time_ns, RECORD_EXEC_UPDATE);
		write_exec_update(line, &record->exec_update);
		break;
	case RECORD_GAP:
		write_start(line, record->gap.time_ns, RECORD_GAP);
		write_gap(line, &record->gap);
		break;
	case RECORD_CLASS_COUNT:
	default:
		break;
	}
}

size_t render_line(char *ret_line, size_t size, const struct record *record)
{
	struct line line = { .at = ret_line, .size = size };

	if (size == 0)
		return 0;
	ret_line[0] = '\0';
	write_record(&line, record);
	return line.length;
}
