/* SPDX-License-Identifier: Apache-2.0 */
/* The execution fingerprint px1, a_b_c_d as proto/PX1.md says. Pure: values in, text out. */
#ifndef YAGURA_FINGERPRINT_PX1_H
#define YAGURA_FINGERPRINT_PX1_H

#include "sensor/fingerprint/digest.h"
#include "sensor/fingerprint/px1_shape.h"
#include "telemetry/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PX1_LENGTH 45
#define PX1_ANCESTORS_MAX 16
#define PX1_NAME_BYTES_MAX 255
#define PX1_ANCESTRY_BYTES_MAX (PX1_ANCESTORS_MAX * (PX1_NAME_BYTES_MAX + 1))

/* The characters of part a. */
enum px1_kind { PX1_ELF = 'e', PX1_SCRIPT = 's', PX1_MEMFD = 'm', PX1_DELETED = 'd' };
enum px1_answer { PX1_NO, PX1_YES, PX1_NOT_KNOWN };

struct px1_ancestor {
	struct text executable; /* path; empty: a kernel thread */
	bool is_known;
};

struct px1_input {
	enum px1_kind kind;
	uint32_t euid; /* UINT32_MAX: not known */
	enum px1_answer terminal;
	enum px1_answer container;
	struct text args; /* argv as it was executed, not redacted; a NUL after each */
	bool args_cut;
	struct text sha256; /* of the executable, 64 digits in small letters; empty: not known */
	/* Nearest first, up to pid 1 or the container's init; those beyond what counts may lack. */
	const struct px1_ancestor *ancestors;
	size_t ancestor_count;
};

/* Writes PX1_LENGTH characters and a NUL. A part whose input lacks, or that could not be hashed, is
 * "------------". */
void px1_write(const struct px1_input *input, struct digester *digester,
	       char ret_px1[PX1_LENGTH + 1]);
/* Writes part b of one that was written without. `sha256` as in px1_input. */
void px1_complete(char px1[PX1_LENGTH + 1], struct text sha256);
/* The text that part d hashes, for those who want to see it; `at` is NULL when an ancestor lacks.
 * `ret_text` has PX1_ANCESTRY_BYTES_MAX bytes. */
struct text px1_ancestry(const struct px1_ancestor *ancestors, size_t count, char *ret_text);

#endif
