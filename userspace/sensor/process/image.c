/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process/image.h"

#include "sensor/process/table.h"

#include <stdlib.h>
#include <string.h>

static struct text copy_text(char *to, struct text text)
{
	if (text.length > 0)
		memcpy(to, text.at, text.length);
	return (struct text){ .at = to, .length = text.length };
}

struct process_image *process_image_new(const struct event_exec *event, struct text executable,
					struct text args)
{
	bool args_truncated = event->flags & EXEC_ARGS_TRUNCATED;
	struct process_image *image;
	size_t size;

	if (args.length > PROCESS_ARGS_BYTES_MAX) {
		args.length = PROCESS_ARGS_BYTES_MAX;
		args_truncated = true;
	}
	size = sizeof(*image) + executable.length + args.length;
	image = malloc(size);
	if (!image)
		return NULL;
	image->size = size;
	image->references = 1;
	image->args_truncated = args_truncated;
	image->rights = process_rights_of(event);
	image->executable = copy_text(image->bytes, executable);
	image->args = copy_text(image->bytes + executable.length, args);
	return image;
}

struct process_image *process_image_ref(struct process_image *image)
{
	image->references++;
	return image;
}

size_t process_image_unref(struct process_image *image)
{
	size_t size;

	if (!image || --image->references > 0)
		return 0;
	size = image->size;
	free(image);
	return size;
}
