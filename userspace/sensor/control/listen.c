/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/control/listen.h"

#include "common/cleanup.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define BACKLOG 16
#define SOCKET_MODE 0666

static int make_address(const char *path, struct sockaddr_un *ret_address)
{
	if (strlen(path) >= sizeof(ret_address->sun_path))
		return -ENAMETOOLONG;
	*ret_address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(ret_address->sun_path, path, strlen(path));
	return 0;
}

/* Removes a socket nobody answers on. */
static int clear_stale(const struct sockaddr_un *address)
{
	_cleanup_close_ int fd = -1;
	struct stat found;

	if (lstat(address->sun_path, &found) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(found.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN)
		return -EADDRINUSE;
	if (errno != ECONNREFUSED)
		return -errno;
	return unlink(address->sun_path) < 0 ? -errno : 0;
}

static int bind_socket(const char *path, int *ret_fd)
{
	_cleanup_close_ int fd = -1;
	struct sockaddr_un address;
	int r = make_address(path, &address);

	if (r == 0)
		r = clear_stale(&address);
	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(path, SOCKET_MODE) < 0)
		return -errno;
	*ret_fd = fd;
	fd = -1;
	return 0;
}

static const char *advice(int error)
{
	if (error == -EADDRINUSE)
		return "another daemon answers there; stop it or set [control] socket";
	if (error == -EEXIST)
		return "there is something else than a socket; remove it or set [control] socket";
	if (error == -ENOENT)
		return "its directory does not exist; make it or set [control] socket";
	return strerror(-error);
}

int control_listen(struct event_base *base, const char *path, evconnlistener_cb accepted,
		   void *context, struct evconnlistener **ret_listener,
		   char ret_error[CONTROL_ERROR_BYTES])
{
	int fd = -1;
	int r = bind_socket(path, &fd);

	if (r < 0) {
		snprintf(ret_error, CONTROL_ERROR_BYTES, "control socket %.128s: %s", path,
			 advice(r));
		return r;
	}
	*ret_listener =
		evconnlistener_new(base, accepted, context,
				   LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, BACKLOG, fd);
	if (*ret_listener)
		return 0;
	snprintf(ret_error, CONTROL_ERROR_BYTES, "control socket %.128s: cannot listen", path);
	close(fd);
	return -ENOMEM;
}
