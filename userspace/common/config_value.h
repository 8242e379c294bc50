/* SPDX-License-Identifier: Apache-2.0 */
/* One value of a configuration file, by its option's type. Only config.c includes this. */
#ifndef YAGURA_COMMON_CONFIG_VALUE_H
#define YAGURA_COMMON_CONFIG_VALUE_H

#include "common/config.h"

#define CONFIG_WANTED_BYTES 96

/* Sets the option's field of `target`. 0, -EINVAL when `text` is not what it takes, -ENOMEM. */
int config_value_set(const struct config_option *option, uint8_t *target, const char *text);
/* What the option takes, in words, for errors and for the example file alike. */
const char *config_value_wanted(const struct config_option *option,
				char ret_text[CONFIG_WANTED_BYTES]);

#endif
