/* SPDX-License-Identifier: Apache-2.0 */
/* A kind of package database: how packages.c reads one. Private to content/. */
#ifndef YAGURA_CONTENT_PACKAGE_SOURCE_H
#define YAGURA_CONTENT_PACKAGE_SOURCE_H

#include "sensor/content/packages.h"

#include <stdint.h>

struct package_source {
	/* Of the database below `root`, another whenever that has changed; 0: there is none. */
	uint64_t (*stamp)(const char *root);
	/* NULL when it cannot be read. */
	void *(*open)(const char *root);
	/* Tells `packages` of a little more; false at the end. */
	bool (*read)(void *reader, struct packages *packages);
	void (*close)(void *reader);
	/* NULL, or what is to be blurred once all was told. */
	void (*blur)(const char *root, struct packages *packages);
};

extern const struct package_source package_dpkg, package_rpm;

/* For sources. A digest of 16 bytes is MD5, of 32 SHA-256; NULL: content not told. */
void packages_add(struct packages *packages, struct text path, const uint8_t *digest,
		  size_t digest_bytes);
void packages_blur(struct packages *packages, struct text path);
/* Something could not be read. */
void packages_set_partial(struct packages *packages);
/* `text` is as many digits, of either case; false when it is not. */
bool packages_digest_of(struct text text, uint8_t *ret_digest, size_t digest_bytes);
/* A file's mtime in nanoseconds, 0 when there is none. */
uint64_t packages_mtime_of(const char *root, const char *name);

#endif
