/* SPDX-License-Identifier: Apache-2.0 */
/* A request: its shape, from a whole header block, and nothing else. */
#include "support/fuzz_growth.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct marks marks = { 0 };
	enum parse_status status;
	const struct text *npf;

	status = fuzz_growth(FINGERPRINT_HTTP, cursor_of(bytes, size), MARK_NPF, &marks);
	npf = marks_find(&marks, MARK_NPF);
	fuzz_require((npf != NULL) == (status == PARSE_OK) && marks.count == (npf != NULL));
	for (size_t i = sizeof("http/") - 1; npf && i < npf->length; i++)
		fuzz_require(strchr("0123456789abcdef()", npf->at[i]) != NULL);
	marks_done(&marks);
	return 0;
}
