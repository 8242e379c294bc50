/* SPDX-License-Identifier: Apache-2.0 */
#include "support/owners/label.h"

#include "support/owners/must.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LEDGER_FD 100 /* stays open over exec */

struct ledger *ledger;

static void ledger_map(void)
{
	ledger = mmap(NULL, sizeof(*ledger), PROT_READ | PROT_WRITE, MAP_SHARED, LEDGER_FD, 0);
	if (ledger == MAP_FAILED)
		err(EXIT_FAILURE, "the ledger");
}

void ledger_make(void)
{
	int fd = MUST(memfd_create("ledger", MFD_CLOEXEC));

	MUST(ftruncate(fd, sizeof(*ledger)));
	MUST(dup2(fd, LEDGER_FD));
	MUST(close(fd));
	ledger_map();
}

void ledger_join(void)
{
	ledger_map();
}

void ledger_begin(const char *scenario)
{
	snprintf(ledger->scenario, sizeof(ledger->scenario), "%s", scenario);
	atomic_store(&ledger->ready, 0);
	atomic_store(&ledger->tickets, 0);
}

static uint64_t start_ticks_of_self(void)
{
	FILE *stream = fopen("/proc/self/stat", "re");
	unsigned long long ticks = 0;
	char line[1024] = "";
	const char *rest;

	if (!stream || !fgets(line, sizeof(line), stream))
		err(EXIT_FAILURE, "/proc/self/stat");
	fclose(stream);
	rest = strrchr(line, ')'); /* the name before may hold anything */
	if (!rest || sscanf(rest,
			    ") %*c" /* then fields 4 … 21 */
			    "%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%llu",
			    &ticks) != 1)
		errx(EXIT_FAILURE, "/proc/self/stat: %s", line);
	return ticks;
}

struct actor actor_self(void)
{
	static struct actor self; /* a child finds its parent's here, and asks again */
	pid_t pid = getpid();

	if (self.pid != pid)
		self = (struct actor){ .pid = pid, .start_ticks = start_ticks_of_self() };
	return self;
}

static struct label *label_new(void)
{
	unsigned int number = atomic_fetch_add(&ledger->label_count, 1);
	struct label *label;

	if (number >= LABELS_MAX)
		errx(EXIT_FAILURE, "more than %d labels", LABELS_MAX);
	label = &ledger->labels[number];
	memcpy(label->scenario, ledger->scenario, sizeof(label->scenario));
	return label;
}

struct label *label_open(int fd, bool is_ingress, struct actor listener)
{
	struct label *label = label_new();
	socklen_t size = sizeof(label->local);

	MUST(getsockname(fd, &label->local.any, &size));
	size = sizeof(label->remote);
	MUST(getpeername(fd, &label->remote.any, &size));
	size = sizeof(label->transport);
	MUST(getsockopt(fd, SOL_SOCKET, SO_TYPE, &label->transport, &size));
	label->is_ingress = is_ingress;
	label->listener = listener;
	return label;
}

struct label *label_open_between(const union address *local, const union address *remote,
				 int transport)
{
	struct label *label = label_new();

	label->local = *local;
	label->remote = *remote;
	label->transport = transport;
	return label;
}

struct label *label_open_socket(void)
{
	struct label *label = label_new();

	label->is_socket = true;
	return label;
}

int label_number(const struct label *label)
{
	return (int)(label - ledger->labels);
}

struct label *label_at(int number)
{
	if (number < 0 || (unsigned int)number >= atomic_load(&ledger->label_count))
		errx(EXIT_FAILURE, "no label %d", number);
	return &ledger->labels[number];
}

void label_use(struct label *label)
{
	struct actor self = actor_self();
	int first = 0;

	if (atomic_compare_exchange_strong(&label->first_pid, &first, self.pid))
		label->owner = self;
	else if (first != self.pid)
		atomic_store(&label->is_shared, true);
}

void label_sent(struct label *label, size_t size_bytes)
{
	label->sent_bytes += size_bytes;
}

void label_received(struct label *label, size_t size_bytes)
{
	label->received_bytes += size_bytes;
}

static void print_end(FILE *stream, const char *name, const union address *end, uint64_t bytes)
{
	bool is_ipv6 = end->any.sa_family == AF_INET6;
	const void *addr =
		is_ipv6 ? (const void *)&end->ipv6.sin6_addr : (const void *)&end->ipv4.sin_addr;
	char text[INET6_ADDRSTRLEN] = "";

	inet_ntop(end->any.sa_family, addr, text, sizeof(text));
	fprintf(stream, ", \"%s_ip\": \"%s\", \"%s_port\": %u, \"%s_bytes\": %llu", name, text,
		name, ntohs(is_ipv6 ? end->ipv6.sin6_port : end->ipv4.sin_port), name,
		(unsigned long long)bytes);
}

static void print_actor(FILE *stream, const char *name, const struct actor *actor)
{
	if (actor->pid == 0)
		fprintf(stream, ", \"%s_pid\": null, \"%s_start\": null", name, name);
	else
		fprintf(stream, ", \"%s_pid\": %d, \"%s_start\": %llu", name, actor->pid, name,
			(unsigned long long)actor->start_ticks);
}

void label_print(const struct label *label, FILE *stream)
{
	const struct label *socket = label->socket > 0 ? label_at(label->socket - 1) : label;
	bool is_ingress = label->is_ingress;

	if (label->is_socket)
		return;
	fprintf(stream, "{\"scenario\": \"%s\", \"transport\": \"%s\", \"direction\": \"%s\"",
		label->scenario, label->transport == SOCK_DGRAM ? "udp" : "tcp",
		is_ingress ? "ingress" : "egress");
	print_end(stream, "source", is_ingress ? &label->remote : &label->local,
		  is_ingress ? label->received_bytes : label->sent_bytes);
	print_end(stream, "destination", is_ingress ? &label->local : &label->remote,
		  is_ingress ? label->sent_bytes : label->received_bytes);
	print_actor(stream, "owner", &label->owner);
	print_actor(stream, "listener", &label->listener);
	print_actor(stream, "socket", &socket->owner);
	fprintf(stream, ", \"shared\": %s}\n", atomic_load(&socket->is_shared) ? "true" : "false");
}
