/* SPDX-License-Identifier: Apache-2.0 */
/* What of this process's memory need not be there. */
#ifndef YAGURA_COMMON_RESIDENT_H
#define YAGURA_COMMON_RESIDENT_H

/* At the end of a start: gives free heap back to the kernel, and the pages of program and libraries
 * that nothing was written to. What is needed of these again comes from the page cache, where the
 * kernel would have kept or dropped them as it likes all along. */
void resident_give_back(void);

#endif
