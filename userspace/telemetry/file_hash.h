/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of a file's content. */
#ifndef YAGURA_TELEMETRY_FILE_HASH_H
#define YAGURA_TELEMETRY_FILE_HASH_H

#include <stdbool.h>
#include <stdint.h>

#define HASH_SHA256_BYTES 32
#define HASH_VERITY_BYTES_MAX 64

/* X(NAME, name): why there is a digest, or none. The order is telemetry.proto's. */
#define HASH_STATUSES(X)                                                                           \
	X(NONE, none) /* there is nothing to hash */                                               \
	X(OK, ok) /* of the very content that was executed */                                      \
	X(TOUCHED, touched) /* same inode, size and mtime; its ctime has moved since */            \
	X(PENDING, pending) /* an exec_update follows */                                           \
	X(CHANGED, changed) /* another file is there now, or it has changed */                     \
	X(VANISHED, vanished) /* no way that the kernel knows by heart leads to it any more */     \
	X(TOO_LARGE, too_large) /* over the configured size */                                     \
	X(UNREADABLE, unreadable) /* it could not be opened or read */                             \
	X(NOT_CONFIRMED, not_confirmed) /* the kernel side has not noted it down as executed */    \
	X(OVERLOADED, overloaded) /* too many wait to be hashed */                                 \
	X(STOPPED, stopped) /* the sensor was stopped before */                                    \
	X(OFF, off) /* nothing is hashed: configuration, or no hasher runs */                      \
	X(UNSETTLED, unsettled) /* its times may hide a change: just written, in memory, a memfd   \
				 */

enum hash_status {
#define HASH_STATUS_ENUM(NAME, name) HASH_##NAME,
	HASH_STATUSES(HASH_STATUS_ENUM)
#undef HASH_STATUS_ENUM
		HASH_STATUS_COUNT
};

/* X(NAME, name): what the host's package database says of a file. */
#define PACKAGE_STATES(X)                                                                          \
	X(UNKNOWN, unknown) /* there is no database that we read, or no digest */                  \
	X(NOT_OWNED, not_owned) /* no package brought a file of this name */                       \
	X(UNMODIFIED, owned_unmodified) /* as a package brought it */                              \
	X(MODIFIED, owned_modified) /* a package brought it with another content */                \
	X(OWNED, owned) /* a package brought it and does not say with which content */

enum package_state {
#define PACKAGE_STATE_ENUM(NAME, name) PACKAGE_##NAME,
	PACKAGE_STATES(PACKAGE_STATE_ENUM)
#undef PACKAGE_STATE_ENUM
		PACKAGE_STATE_COUNT
};

/* The telemetry names; "unknown" outside the enums. */
const char *hash_status_name(enum hash_status status);
const char *package_state_name(enum package_state state);

/* X(number, name, bytes): enum hash_algo of linux/hash_info.h, those that IMA may be told to use.
 */
#define IMA_ALGORITHMS(X)                                                                          \
	X(1, md5, 16)                                                                              \
	X(2, sha1, 20)                                                                             \
	X(3, rmd160, 20)                                                                           \
	X(4, sha256, 32)                                                                           \
	X(5, sha384, 48)                                                                           \
	X(6, sha512, 64)                                                                           \
	X(7, sha224, 28)                                                                           \
	X(13, wp512, 64)                                                                           \
	X(17, sm3, 32)                                                                             \
	X(20, sha3_256, 32)                                                                        \
	X(21, sha3_384, 48)                                                                        \
	X(22, sha3_512, 64)

/* The kernel's word on a file's content. */
struct record_digest {
	uint8_t algorithm; /* 0: none */
	uint8_t bytes;
	uint8_t digest[HASH_VERITY_BYTES_MAX];
};

struct record_hash {
	enum hash_status status;
	enum package_state package;
	uint8_t sha256[HASH_SHA256_BYTES]; /* all zero: none */
	/* What fs-verity vouches for (Documentation/filesystems/fsverity.rst): of a tree of hashes,
	 * not of the content as it is. FS_VERITY_HASH_ALG_: 1 SHA-256, 2 SHA-512. */
	struct record_digest verity;
	/* What the kernel's integrity measurement found when it was executed: of the content. */
	struct record_digest ima; /* algorithm: IMA_ALGORITHMS */
};

/* Whether its sha256 is one. */
static inline bool hash_has_digest(const struct record_hash *hash)
{
	return hash->status == HASH_OK || hash->status == HASH_TOUCHED;
}

#endif
