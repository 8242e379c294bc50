/* SPDX-License-Identifier: Apache-2.0 */
/* All that `status` says, for those who say it in another form. */
#ifndef YAGURA_CONTROL_STATUS_H
#define YAGURA_CONTROL_STATUS_H

#include "sensor/control/control.h"

/* 0 and the object, the caller's; or what the handler has to return. */
int status_object(struct control_call *call, struct json_t **ret_status);

#endif
