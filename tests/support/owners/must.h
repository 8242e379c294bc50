/* SPDX-License-Identifier: Apache-2.0 */
/* A traffic generator that met an error has no truth to tell: it ends and says where. */
#ifndef YAGURA_TESTS_OWNERS_MUST_H
#define YAGURA_TESTS_OWNERS_MUST_H

#include <err.h>
#include <stdlib.h>

#define MUST(call)                                                                                 \
	({                                                                                         \
		__typeof__(call) must_result_ = (call);                                            \
		if (must_result_ < 0)                                                              \
			err(EXIT_FAILURE, "%s:%d: %s", __FILE__, __LINE__, #call);                 \
		must_result_;                                                                      \
	})

#endif
