/* SPDX-License-Identifier: Apache-2.0 */
#include "support/owners/scene.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define BACKLOG 512

/* --- processes --- */

pid_t child_start(void)
{
	pid_t child = MUST(fork());

	if (child == 0)
		MUST(prctl(PR_SET_PDEATHSIG, SIGKILL));
	return child;
}

void child_end(pid_t child)
{
	int status = 0;

	MUST(waitpid(child, &status, 0));
	if (status != 0)
		errx(EXIT_FAILURE, "%s: a child ended with wait status %#x", ledger->scenario,
		     (unsigned int)status);
}

_Noreturn void execute_self(const char *argument, const char *value)
{
	execl("/proc/self/exe", "owners", argument, value, NULL);
	err(EXIT_FAILURE, "exec");
}

/* --- the server's side --- */

static union address loopback(int family)
{
	union address address = { .any = { .sa_family = (sa_family_t)family } };

	if (family == AF_INET6)
		address.ipv6.sin6_addr = in6addr_loopback;
	else
		address.ipv4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return address;
}

static socklen_t address_size(const union address *address)
{
	return address->any.sa_family == AF_INET6 ? sizeof(address->ipv6) : sizeof(address->ipv4);
}

int bind_server(const struct scene *scene, enum bind_option option)
{
	int fd = MUST(socket(scene->family, scene->transport, 0));
	union address address = loopback(scene->family);
	socklen_t size = sizeof(address);
	int on = 1;

	if (option == BIND_REUSEPORT) {
		MUST(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)));
		if (ledger->server.any.sa_family != AF_UNSPEC)
			address = ledger->server;
	}
	MUST(bind(fd, &address.any, address_size(&address)));
	MUST(getsockname(fd, &address.any, &size));
	ledger->server = address;
	return fd;
}

void scene_listen(struct scene *scene)
{
	scene->server = bind_server(scene, BIND_PLAIN);
	MUST(listen(scene->server, BACKLOG));
	scene->listener = actor_self();
	ledger->listener = scene->listener;
}

void scene_ready(void)
{
	atomic_fetch_add(&ledger->ready, 1);
}

void wait_until_ready(unsigned int servers)
{
	while (atomic_load(&ledger->ready) < servers)
		usleep(500);
}

struct label *accept_labelled(const struct scene *scene, int *ret_fd)
{
	*ret_fd = MUST(accept(scene->server, NULL, NULL));
	return label_open(*ret_fd, true, scene->listener);
}

void answer(int fd, struct label *label)
{
	receive_labelled(fd, label, REQUEST_BYTES);
	send_labelled(fd, label, REPLY_BYTES);
	MUST(close(fd));
}

void serve_each(struct scene *scene, void (*serve)(int fd, struct label *label))
{
	scene_listen(scene);
	scene_ready();
	for (unsigned int i = 0; i < scene->conversations; i++) {
		int fd;
		struct label *label = accept_labelled(scene, &fd);

		serve(fd, label);
	}
}

/* --- the client's side --- */

int connect_labelled(const struct scene *scene, struct label **ret_label)
{
	int fd = MUST(socket(scene->family, scene->transport, 0));

	MUST(connect(fd, &ledger->server.any, address_size(&ledger->server)));
	*ret_label = label_open(fd, false, (struct actor){ 0 });
	label_use(*ret_label);
	return fd;
}

void ask(int fd, struct label *label)
{
	send_labelled(fd, label, REQUEST_BYTES);
	receive_labelled(fd, label, REPLY_BYTES);
	receive_end(fd, label);
	MUST(close(fd));
}

void talk_dialogue(struct scene *scene)
{
	struct label *label;
	int fd = connect_labelled(scene, &label);

	ask(fd, label);
}

/* --- either side --- */

void send_labelled(int fd, struct label *label, size_t size_bytes)
{
	static const char bytes[4096];
	size_t left = size_bytes;

	label_use(label);
	while (left > 0)
		left -= (size_t)MUST(
			send(fd, bytes, left < sizeof(bytes) ? left : sizeof(bytes), MSG_NOSIGNAL));
	label_sent(label, size_bytes);
}

void receive_labelled(int fd, struct label *label, size_t size_bytes)
{
	char bytes[4096];
	size_t left = size_bytes;

	label_use(label);
	while (left > 0) {
		size_t want = left < sizeof(bytes) ? left : sizeof(bytes);
		size_t got = (size_t)MUST(recv(fd, bytes, want, 0));

		if (got == 0)
			errx(EXIT_FAILURE, "%s: %zu bytes are missing", ledger->scenario, left);
		left -= got;
	}
	label_received(label, size_bytes);
}

void receive_end(int fd, struct label *label)
{
	char byte;

	label_use(label);
	if (MUST(recv(fd, &byte, sizeof(byte), 0)) != 0)
		errx(EXIT_FAILURE, "%s: bytes where the end should be", ledger->scenario);
}

/* A descriptor travels with the number of its label. */
union descriptor_control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

void descriptor_pass(int channel, int fd, const struct label *label)
{
	int number = label ? label_number(label) : -1;
	struct iovec part = { &number, sizeof(number) };
	union descriptor_control control = { .header = { .cmsg_len = CMSG_LEN(sizeof(fd)),
							 .cmsg_level = SOL_SOCKET,
							 .cmsg_type = SCM_RIGHTS } };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };

	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	MUST(sendmsg(channel, &message, 0));
}

int descriptor_take(int channel, struct label **ret_label)
{
	int number = -1, fd = -1;
	struct iovec part = { &number, sizeof(number) };
	union descriptor_control control = { 0 };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };

	MUST(recvmsg(channel, &message, MSG_WAITALL | MSG_CMSG_CLOEXEC));
	if (control.header.cmsg_type != SCM_RIGHTS)
		errx(EXIT_FAILURE, "%s: no descriptor came", ledger->scenario);
	memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
	*ret_label = number < 0 ? NULL : label_at(number);
	return fd;
}
