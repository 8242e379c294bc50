/* SPDX-License-Identifier: Apache-2.0 */
/* One end's first bytes of an SSH connection: a hash comes from a whole KEXINIT, with its NPF. */
#include "support/fuzz_growth.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct marks marks = { 0 };
	enum mark_kind hassh = size > 0 && (bytes[0] & 1) ? MARK_HASSH_SERVER : MARK_HASSH;
	enum parse_status status;
	const struct text *found;

	status = fuzz_growth(FINGERPRINT_SSH, cursor_of(bytes, size), MARK_NPF, &marks);
	found = marks_find(&marks, hassh);
	fuzz_require((found != NULL) == (marks_find(&marks, MARK_NPF) != NULL));
	fuzz_require(!found || (found->length == 32 && status == PARSE_OK));
	marks_done(&marks);
	return 0;
}
