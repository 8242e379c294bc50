/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/hasher/slots.h"

#include "common/clock.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct slot {
	struct hash_job job;
	uint64_t at; /* bytes read */
	int fd; /* -1: free */
	EVP_MD_CTX *sha256;
	EVP_MD_CTX *md5;
};

struct slots {
	EVP_MD *sha256;
	EVP_MD *md5; /* NULL: this OpenSSL has none */
	size_t count; /* taken */
	size_t turn;
	struct slot slot[HASHER_SLOTS_MAX];
	uint8_t piece[HASHER_PIECE_BYTES];
};

/* Runs through once: what is taken lazily inside is there before the jail closes. */
static EVP_MD_CTX *warm_context(const EVP_MD *kind)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t digest[EVP_MAX_MD_SIZE];

	if (!context || EVP_DigestInit_ex2(context, kind, NULL) != 1 ||
	    EVP_DigestUpdate(context, "", 0) != 1 ||
	    EVP_DigestFinal_ex(context, digest, NULL) != 1) {
		EVP_MD_CTX_free(context);
		return NULL;
	}
	return context;
}

static bool slot_init(struct slots *slots, struct slot *slot)
{
	slot->fd = -1;
	slot->sha256 = warm_context(slots->sha256);
	if (slots->md5)
		slot->md5 = warm_context(slots->md5);
	return slot->sha256 && (slot->md5 || !slots->md5);
}

struct slots *slots_new(void)
{
	struct slots *slots = calloc(1, sizeof(*slots));
	bool is_whole = slots;

	if (!slots)
		return NULL;
	slots->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	slots->md5 = EVP_MD_fetch(NULL, "MD5", NULL);
	for (size_t i = 0; i < HASHER_SLOTS_MAX; i++)
		is_whole = slots->sha256 && slot_init(slots, &slots->slot[i]) && is_whole;
	if (!is_whole) {
		slots_free(slots);
		return NULL;
	}
	return slots;
}

void slots_free(struct slots *slots)
{
	if (!slots)
		return;
	for (size_t i = 0; i < HASHER_SLOTS_MAX; i++) {
		if (slots->slot[i].sha256 && slots->slot[i].fd >= 0)
			close(slots->slot[i].fd);
		EVP_MD_CTX_free(slots->slot[i].sha256);
		EVP_MD_CTX_free(slots->slot[i].md5);
	}
	EVP_MD_free(slots->sha256);
	EVP_MD_free(slots->md5);
	free(slots);
}

bool slots_are_full(const struct slots *slots)
{
	return slots->count == HASHER_SLOTS_MAX;
}

bool slots_are_empty(const struct slots *slots)
{
	return slots->count == 0;
}

void slots_add(struct slots *slots, const struct hash_job *job, int fd)
{
	struct slot *slot = slots->slot;

	while (slot->fd >= 0)
		slot++;
	slot->job = *job;
	slot->at = 0;
	slot->fd = fd;
	slot->job.wants_md5 = job->wants_md5 && slots->md5;
	EVP_DigestInit_ex2(slot->sha256, slots->sha256, NULL);
	if (slot->job.wants_md5)
		EVP_DigestInit_ex2(slot->md5, slots->md5, NULL);
	slots->count++;
}

static uint64_t nanoseconds(struct timespec time)
{
	return (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_nsec;
}

/* The call itself: glibc's goes by way of one that also takes names, which the jail forbids. */
static enum hash_status status_at_end(const struct slot *slot)
{
	const struct hash_identity *opened = &slot->job.opened;
	struct stat now = { 0 };

	if (syscall(SYS_fstat, slot->fd, &now) < 0)
		return HASH_UNREADABLE;
	if (slot->at != opened->bytes || (uint64_t)now.st_size != opened->bytes ||
	    now.st_ino != opened->inode || nanoseconds(now.st_mtim) != opened->mtime_ns ||
	    nanoseconds(now.st_ctim) != opened->ctime_ns) /* anybody can set mtime back */
		return HASH_CHANGED;
	return (enum hash_status)slot->job.status;
}

static void finish(struct slots *slots, struct slot *slot, enum hash_status status,
		   struct hash_result *ret_result)
{
	*ret_result = (struct hash_result){ .identity = slot->job.identity, .status = status };
	if (status == HASH_OK || status == HASH_TOUCHED) {
		EVP_DigestFinal_ex(slot->sha256, ret_result->sha256, NULL);
		ret_result->has_md5 = slot->job.wants_md5;
	}
	if (ret_result->has_md5)
		EVP_DigestFinal_ex(slot->md5, ret_result->md5, NULL);
	close(slot->fd);
	slot->fd = -1;
	slots->count--;
}

static struct slot *next_slot(struct slots *slots)
{
	do
		slots->turn = (slots->turn + 1) % HASHER_SLOTS_MAX;
	while (slots->slot[slots->turn].fd < 0);
	return &slots->slot[slots->turn];
}

size_t slots_step(struct slots *slots, bool *ret_is_done, struct hash_result *ret_result)
{
	struct slot *slot = next_slot(slots);
	ssize_t got = pread(slot->fd, slots->piece, sizeof(slots->piece), (off_t)slot->at);

	*ret_is_done = true;
	if (got < 0) {
		finish(slots, slot, HASH_UNREADABLE, ret_result);
		return 0;
	}
	EVP_DigestUpdate(slot->sha256, slots->piece, (size_t)got);
	if (slot->job.wants_md5)
		EVP_DigestUpdate(slot->md5, slots->piece, (size_t)got);
	slot->at += (uint64_t)got;
	/* One that grows is not read for ever. */
	if (got > 0 && slot->at < slot->job.opened.bytes)
		*ret_is_done = false;
	else
		finish(slots, slot, status_at_end(slot), ret_result);
	return (size_t)got;
}
