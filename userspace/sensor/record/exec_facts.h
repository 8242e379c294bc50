/* SPDX-License-Identifier: Apache-2.0 */
/* What is so of an execution, from its event alone. Pure. */
#ifndef YAGURA_RECORD_EXEC_FACTS_H
#define YAGURA_RECORD_EXEC_FACTS_H

#include "sensor/decode/decode.h"

#include <stdint.h>

/* Bits of enum exec_fact. */
uint32_t exec_facts(const struct decoded_exec *exec);

#endif
