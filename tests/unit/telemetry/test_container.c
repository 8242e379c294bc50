/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/container.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#undef UNIT_TESTING /* cmocka's own malloc hides overreads from ASan */
#include <cmocka.h>

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define UID "8c1b2e4f-0a1b-4c2d-9e3f-001122334455"
#define UID_ "8c1b2e4f_0a1b_4c2d_9e3f_001122334455"
#define FILE_UID "0123456789abcdef0123456789abcdef"
#define PATH(literal)                                                                              \
	{                                                                                          \
		literal, sizeof(literal) - 1                                                       \
	}

static struct container_case {
	const char *name;
	struct text path;
	const char *id; /* NULL: no container */
	const char *runtime; /* NULL: not told */
	const char *pod_uid;
} cases[] = {
	{ "docker without systemd", PATH("/docker/" ID), ID, "docker", "" },
	{ "docker", PATH("/system.slice/docker-" ID ".scope"), ID, "docker", "" },
	{ "docker of another user",
	  PATH("/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" ID ".scope"), ID,
	  "docker", "" },
	{ "docker, systemd's style without systemd", PATH("/system.slice:docker:" ID), ID, "docker",
	  "" },
	{ "below the container's root", PATH("/docker/" ID "/system.slice/ssh.service"), ID,
	  "docker", "" },
	{ "a container in a container", PATH("/docker/" ID "/docker/" OTHER), ID, "docker", "" },
	{ "one inside that claims to be another",
	  PATH("/system.slice/docker-" ID ".scope/machine.slice/libpod-" OTHER ".scope"), ID,
	  "docker", "" },
	{ "containerd of kubernetes",
	  PATH("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_
	       ".slice/cri-containerd-" ID ".scope"),
	  ID, "containerd", UID },
	{ "containerd of kubernetes, guaranteed",
	  PATH("/kubepods.slice/kubepods-pod" UID_ ".slice/cri-containerd-" ID ".scope"), ID,
	  "containerd", UID },
	{ "containerd, systemd's style without systemd",
	  PATH("/system.slice/containerd.service/kubepods-besteffort-pod" UID_
	       ".slice:cri-containerd:" ID),
	  ID, "containerd", UID },
	{ "a pod that a file defines",
	  PATH("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" FILE_UID
	       ".slice/cri-containerd-" ID ".scope"),
	  ID, "containerd", FILE_UID },
	{ "nerdctl", PATH("/system.slice/nerdctl-" ID ".scope"), ID, "containerd", "" },
	{ "kubelet without systemd", PATH("/kubepods/burstable/pod" UID "/" ID), ID, NULL, UID },
	{ "kubernetes in docker",
	  PATH("/docker/" OTHER "/kubelet.slice/kubelet-kubepods.slice/cri-containerd-" ID
	       ".scope"),
	  OTHER, "docker", "" },
	{ "cri-o",
	  PATH("/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" UID_
	       ".slice/crio-" ID ".scope/container"),
	  ID, "cri-o", UID },
	{ "cri-o without systemd", PATH("/kubepods/besteffort/pod" UID "/crio-" ID), ID, "cri-o",
	  UID },
	{ "podman", PATH("/machine.slice/libpod-" ID ".scope/container"), ID, "podman", "" },
	{ "podman of another user",
	  PATH("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope"), ID,
	  "podman", "" },
	{ "podman in a service", PATH("/system.slice/web.service/libpod-payload-" ID), ID, "podman",
	  "" },
	{ "podman without systemd", PATH("/libpod_parent/libpod-" ID), ID, "podman", "" },
	{ "nspawn as a service",
	  PATH("/machine.slice/systemd-nspawn@debian-12.service/payload/init.scope"), "debian-12",
	  "systemd-nspawn", "" },
	{ "nspawn by hand", PATH("/machine.slice/machine-web\\x2d1.scope"), "web\\x2d1",
	  "systemd-nspawn", "" },

	{ "nothing known", PATH(""), NULL, NULL, NULL },
	{ "the root", PATH("/"), NULL, NULL, NULL },
	{ "a service", PATH("/system.slice/ssh.service"), NULL, NULL, NULL },
	{ "docker itself", PATH("/system.slice/docker.service"), NULL, NULL, NULL },
	{ "podman's monitor", PATH("/machine.slice/libpod-conmon-" ID ".scope"), NULL, NULL, NULL },
	{ "cri-o's monitor",
	  PATH("/kubepods.slice/kubepods-pod" UID_ ".slice/crio-conmon-" ID ".scope"), NULL, NULL,
	  NULL },
	{ "the pod alone", PATH("/kubepods/burstable/pod" UID), NULL, NULL, NULL },
	{ "a virtual machine", PATH("/machine.slice/machine-qemu\\x2d3\\x2dweb.scope"), NULL, NULL,
	  NULL },
	{ "a machine elsewhere", PATH("/user.slice/machine-web.scope"), NULL, NULL, NULL },
	{ "cut: what counts may be missing", PATH("system.slice/docker-" ID ".scope"), NULL, NULL,
	  NULL },
	{ "a digit short",
	  PATH("/docker/"
	       "123456789abcdef" OTHER),
	  NULL, NULL, NULL },
	{ "a digit more", PATH("/docker/" ID "0"), NULL, NULL, NULL },
	{ "capital digits",
	  PATH("/docker/0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF"), NULL,
	  NULL, NULL },
	{ "64 digits of nobody", PATH("/default/" ID), NULL, NULL, NULL },
	{ "64 digits in what is no pod", PATH("/kubepods/podcast/" ID), NULL, NULL, NULL },
	{ "64 digits in a pod of nobody", PATH("/system.slice/pod" UID "/" ID), NULL, NULL, NULL },
	{ "a pod's number that goes on", PATH("/kubepods/pod" UID "0/" ID), NULL, NULL, NULL },
	{ "prefix and suffix overlap", PATH("/system.slice/docker-.scope"), NULL, NULL, NULL },
	{ "a machine without name", PATH("/machine.slice/machine-.scope"), NULL, NULL, NULL },
	{ "a name with other characters", PATH("/machine.slice/machine-a\x1b[31m.scope"), NULL,
	  NULL, NULL },
	{ "a name with a zero byte", PATH("/machine.slice/machine-a\0b.scope"), NULL, NULL, NULL },
	{ "slashes only", PATH("////"), NULL, NULL, NULL },
	{ "colons only", PATH("/::::"), NULL, NULL, NULL },
};

static bool same_text(struct text text, const char *want)
{
	return text.length == strlen(want) && memcmp(text.at, want, text.length) == 0;
}

/* In an exact-size heap copy, so that ASan sees one byte over. */
static bool ask(struct text path, size_t length, struct container *ret_container, char **ret_copy)
{
	*ret_copy = malloc(length ? length : 1);
	assert_non_null(*ret_copy);
	memcpy(*ret_copy, path.at, length);
	return container_of((struct text){ *ret_copy, length }, ret_container);
}

static void check_case(void **state)
{
	const struct container_case *c = *state;
	struct container container;
	char *copy;

	if (!c->id) {
		assert_false(ask(c->path, c->path.length, &container, &copy));
		free(copy);
		return;
	}
	assert_true(ask(c->path, c->path.length, &container, &copy));
	assert_true(same_text(container.id, c->id));
	assert_string_equal(container.runtime ? container.runtime : "none",
			    c->runtime ? c->runtime : "none");
	assert_string_equal(container.pod_uid, c->pod_uid);
	free(copy);
}

/* A path that ends before the id is whole names no container: a shorter id is not one. */
static void check_prefixes(void **state)
{
	const struct container_case *c = *state;
	const char *id = c->id ? memmem(c->path.at, c->path.length, c->id, strlen(c->id)) : NULL;
	size_t until = id ? (size_t)(id - c->path.at) + strlen(c->id) : 0;
	struct container container;
	char *copy;

	for (size_t length = 0; length < until; length++) {
		assert_false(ask(c->path, length, &container, &copy));
		free(copy);
	}
}

/* Whatever bytes a group's name holds: inside the path, printable or hex. */
static void any_bytes(void **state)
{
	static const char alphabet[] = "/:-._@\\\0\xff"
				       "docker"
				       "kubepods"
				       "pod"
				       "0123456789abcdef";
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char path[96];
		struct container container;

		for (size_t i = 0; i < sizeof(path); i++) {
			seed = seed * 1664525u + 1013904223u;
			path[i] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
		}
		path[0] = '/';
		if (!container_of((struct text){ path, sizeof(path) }, &container))
			continue;
		assert_true(container.id.at > path && container.id.length < sizeof(path));
		assert_true(strlen(container.pod_uid) < CONTAINER_POD_UID_BYTES);
	}
}

#define COUNT (sizeof(cases) / sizeof(cases[0]))

int main(void)
{
	const struct CMUnitTest others[] = { cmocka_unit_test(any_bytes) };
	struct CMUnitTest tests[2 * COUNT];
	int failed;

	for (size_t i = 0; i < COUNT; i++) {
		tests[2 * i] =
			(struct CMUnitTest){ cases[i].name, check_case, NULL, NULL, &cases[i] };
		tests[2 * i + 1] = (struct CMUnitTest){ "… its prefixes", check_prefixes, NULL,
							NULL, &cases[i] };
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	return failed + cmocka_run_group_tests(others, NULL, NULL);
}
