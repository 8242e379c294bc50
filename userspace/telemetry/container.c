/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/container.h"

#include <ctype.h>
#include <string.h>

#define UID_CHARACTERS (CONTAINER_POD_UID_BYTES - 1)

enum id_form { ID_HEX, ID_NAME };

/*
 * How a runtime names the group of a container: PARENT/PREFIXidSUFFIX. With systemd the group is a
 * unit (a scope or service), without it a plain directory; runc asked for one in the other's style
 * makes "slice:prefix:id", of which what follows the first colon is compared.
 */
struct form {
	const char *runtime; /* NULL: the name does not tell */
	const char *parent; /* the name of the group above; NULL: any */
	const char *prefix;
	const char *suffix;
	enum id_form id;
	bool is_in_pod; /* only below a pod's group */
	bool is_no_container; /* what looks like one, but is a virtual machine */
};

static const struct form forms[] = {
	{ "docker", NULL, "docker-", ".scope", ID_HEX, false, false },
	{ "docker", NULL, "docker:", "", ID_HEX, false, false },
	{ "docker", "docker", "", "", ID_HEX, false, false },
	{ "containerd", NULL, "cri-containerd-", ".scope", ID_HEX, false, false },
	{ "containerd", NULL, "cri-containerd:", "", ID_HEX, false, false },
	{ "containerd", NULL, "nerdctl-", ".scope", ID_HEX, false, false },
	{ "cri-o", NULL, "crio-", ".scope", ID_HEX, false, false },
	{ "cri-o", NULL, "crio-", "", ID_HEX, false, false },
	{ "podman", NULL, "libpod-", ".scope", ID_HEX, false, false },
	{ "podman", NULL, "libpod-payload-", "", ID_HEX, false, false },
	{ "podman", NULL, "libpod-", "", ID_HEX, false, false },
	{ "systemd-nspawn", NULL, "systemd-nspawn@", ".service", ID_NAME, false, false },
	{ "qemu", "machine.slice", "machine-qemu\\x2d", ".scope", ID_NAME, false, true },
	{ "systemd-nspawn", "machine.slice", "machine-", ".scope", ID_NAME, false, false },
	{ NULL, NULL, "", "", ID_HEX, true, false }, /* kubelet without systemd names no runtime */
};

/* A path being walked from the root on. */
struct walk {
	struct text rest;
	struct text parent;
	struct text name;
	bool is_in_kubernetes; /* below or at the group of all pods */
};

static bool starts_with(struct text text, const char *prefix)
{
	size_t length = strlen(prefix);

	return text.length >= length && memcmp(text.at, prefix, length) == 0;
}

static bool ends_with(struct text text, const char *suffix)
{
	size_t length = strlen(suffix);

	return text.length >= length && memcmp(text.at + text.length - length, suffix, length) == 0;
}

static bool equals(struct text text, const char *other)
{
	return text.length == strlen(other) && starts_with(text, other);
}

static struct text skip(struct text text, size_t length)
{
	return (struct text){ .at = text.at + length, .length = text.length - length };
}

/* The next name of the path; false after the last. */
static bool take_name(struct walk *walk)
{
	const char *slash;

	while (walk->rest.length > 0 && walk->rest.at[0] == '/')
		walk->rest = skip(walk->rest, 1);
	if (walk->rest.length == 0)
		return false;
	slash = memchr(walk->rest.at, '/', walk->rest.length);
	walk->parent = walk->name;
	walk->name = walk->rest;
	if (slash)
		walk->name.length = (size_t)(slash - walk->rest.at);
	walk->rest = skip(walk->rest, walk->name.length);
	walk->is_in_kubernetes |= starts_with(walk->name, "kubepods");
	return true;
}

static bool is_id_of(enum id_form form, struct text id)
{
	if (form == ID_HEX ? id.length != CONTAINER_ID_DIGITS : id.length == 0)
		return false;
	for (size_t i = 0; i < id.length; i++) {
		unsigned char c = (unsigned char)id.at[i];

		if (form == ID_HEX && !(isdigit(c) || (c >= 'a' && c <= 'f')))
			return false;
		if (form == ID_NAME && !isalnum(c) && !memchr("._-\\", c, 4))
			return false;
	}
	return true;
}

static bool fits(const struct form *form, const struct walk *walk, bool has_pod,
		 struct text *ret_id)
{
	struct text name = walk->name;
	const char *colon = memchr(name.at, ':', name.length);
	size_t around = strlen(form->prefix) + strlen(form->suffix);
	struct text id;

	if (colon)
		name = skip(name, (size_t)(colon - name.at) + 1);
	if ((form->parent && !equals(walk->parent, form->parent)) || (form->is_in_pod && !has_pod))
		return false;
	if (name.length < around || !starts_with(name, form->prefix) ||
	    !ends_with(name, form->suffix))
		return false;
	id = (struct text){ .at = name.at + strlen(form->prefix), .length = name.length - around };
	if (!is_id_of(form->id, id))
		return false;
	*ret_id = id;
	return true;
}

/* A UID of 36 characters (RFC 4122), or 32 hex digits of a pod that a file on the host defines. In
 * a unit's name its dashes are underscores, as a dash there means a level. */
static void note_pod_uid(struct text name, char pod_uid[CONTAINER_POD_UID_BYTES])
{
	size_t length = 0;

	for (; length < name.length && length < UID_CHARACTERS; length++) {
		char c = name.at[length];

		if (!isxdigit((unsigned char)c) && c != '-' && c != '_')
			break;
		pod_uid[length] = c == '_' ? '-' : c;
	}
	if ((length != UID_CHARACTERS && length != 32) ||
	    (length < name.length && name.at[length] != '.'))
		length = 0;
	pod_uid[length] = '\0';
}

/* "pod<uid>", "kubepods-burstable-pod<uid>.slice" */
static void look_for_pod(const struct walk *walk, char pod_uid[CONTAINER_POD_UID_BYTES])
{
	const char *pod;

	if (!walk->is_in_kubernetes || pod_uid[0] != '\0')
		return;
	if (starts_with(walk->name, "pod")) {
		note_pod_uid(skip(walk->name, 3), pod_uid);
		return;
	}
	pod = memmem(walk->name.at, walk->name.length, "-pod", 4);
	if (pod)
		note_pod_uid(skip(walk->name, (size_t)(pod - walk->name.at) + 4), pod_uid);
}

static const struct form *find_form(const struct walk *walk, bool has_pod, struct text *ret_id)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (fits(&forms[i], walk, has_pod, ret_id))
			return &forms[i];
	return NULL;
}

bool container_of(struct text cgroup, struct container *ret_container)
{
	struct container container = { .runtime = NULL };
	struct walk walk = { .rest = cgroup };
	const struct form *form = NULL;

	if (cgroup.length == 0 || cgroup.at[0] != '/')
		return false;
	while (!form && take_name(&walk)) {
		look_for_pod(&walk, container.pod_uid);
		form = find_form(&walk, container.pod_uid[0] != '\0', &container.id);
	}
	if (!form || form->is_no_container)
		return false;
	container.runtime = form->runtime;
	*ret_container = container;
	return true;
}
