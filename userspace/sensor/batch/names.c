/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/batch/names.h"

#include "common/cleanup.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PREFIX "hmac:"
#define DIGEST_BYTES 16 /* of 32: 2^64 names before two are expected to be alike */
#define HIDDEN_BYTES (sizeof(PREFIX) - 1 + 2 * DIGEST_BYTES)

struct names {
	enum batch_names mode;
	uint8_t key[NAMES_KEY_BYTES_MAX];
	size_t key_bytes;
	struct record record; /* the copy */
	struct mark marks[MARKS_MAX];
	char texts[MARKS_MAX + 1][HIDDEN_BYTES + 1];
};

int names_mode_parse(const char *text, enum batch_names *ret_mode)
{
	static const char *const modes[] = { [BATCH_NAMES_PLAIN] = "plain",
					     [BATCH_NAMES_HASHED] = "hashed",
					     [BATCH_NAMES_ABSENT] = "absent" };

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(text, modes[i]) == 0) {
			*ret_mode = (enum batch_names)i;
			return 0;
		}
	}
	return -EINVAL;
}

static int read_key(struct names *names, const char *path, char *ret_error)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, names->key, sizeof(names->key));

	if (size < 0) {
		snprintf(ret_error, NAMES_ERROR_BYTES, "cannot read the key %s: %s", path,
			 strerror(errno));
		return -errno;
	}
	if (size < NAMES_KEY_BYTES_MIN) {
		snprintf(ret_error, NAMES_ERROR_BYTES, "the key %s has fewer than %d bytes", path,
			 NAMES_KEY_BYTES_MIN);
		return -EINVAL;
	}
	names->key_bytes = (size_t)size;
	return 0;
}

int names_new(enum batch_names mode, const char *key_file, struct names **ret_names,
	      char ret_error[NAMES_ERROR_BYTES])
{
	struct names *names = calloc(1, sizeof(*names));
	int r = names ? 0 : -ENOMEM;

	snprintf(ret_error, NAMES_ERROR_BYTES, "out of memory");
	if (r == 0 && mode == BATCH_NAMES_HASHED)
		r = read_key(names, key_file, ret_error);
	if (r < 0) {
		names_free(names);
		return r;
	}
	names->mode = mode;
	*ret_names = names;
	return 0;
}

void names_free(struct names *names)
{
	if (names)
		explicit_bzero(names, sizeof(*names));
	free(names);
}

enum batch_names names_mode(const struct names *names)
{
	return names ? names->mode : BATCH_NAMES_PLAIN;
}

/* What an answer says may be a name, or lead to one. */
static bool is_name(enum mark_kind kind)
{
	return kind == MARK_SERVER_NAME || kind == MARK_DNS_NAME || kind == MARK_DNS_ANSWER_NAME ||
	       kind == MARK_DNS_ANSWER_DATA;
}

static struct text hash(struct names *names, struct text name, char *ret_text)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	uint8_t small[BATCH_PATH_BYTES_MAX];
	size_t length = name.length < sizeof(small) ? name.length : sizeof(small);
	char *at = ret_text + sizeof(PREFIX) - 1;

	if (length > 1 && name.at[length - 1] == '.')
		length--;
	for (size_t i = 0; i < length; i++)
		small[i] = (uint8_t)tolower((unsigned char)name.at[i]);
	if (name.length == 0 ||
	    !HMAC(EVP_sha256(), names->key, (int)names->key_bytes, small, length, digest, NULL))
		return (struct text){ 0 }; /* rather no name than a plain one */
	memcpy(ret_text, PREFIX, sizeof(PREFIX) - 1);
	for (size_t i = 0; i < DIGEST_BYTES; i++, at += 2)
		snprintf(at, 3, "%02x", digest[i]);
	return (struct text){ .at = ret_text, .length = HIDDEN_BYTES };
}

/* In lists of one group the n-th values belong together: there an empty one takes its place. */
static void hide_marks(struct names *names, struct record_flow *flow)
{
	size_t count = flow->mark_count < MARKS_MAX ? flow->mark_count : MARKS_MAX;
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		struct mark mark = flow->marks[i];

		if (is_name(mark.kind) && names->mode == BATCH_NAMES_HASHED)
			mark.value = hash(names, mark.value, names->texts[i]);
		else if (is_name(mark.kind) &&
			 mark_kind_row(mark.kind)->repeats == MARK_REPEATS_SET)
			continue;
		else if (is_name(mark.kind))
			mark.value.length = 0;
		names->marks[kept++] = mark;
	}
	flow->marks = names->marks;
	flow->mark_count = kept;
}

const struct record *names_hide(struct names *names, const struct record *record)
{
	struct record_flow *flow;

	if (names_mode(names) == BATCH_NAMES_PLAIN || record->class != RECORD_FLOW)
		return record;
	names->record = *record;
	flow = &names->record.flow;
	hide_marks(names, flow);
	if (names->mode == BATCH_NAMES_HASHED && flow->destination_name.length > 0)
		flow->destination_name =
			hash(names, flow->destination_name, names->texts[MARKS_MAX]);
	else
		flow->destination_name = (struct text){ 0 };
	return &names->record;
}
