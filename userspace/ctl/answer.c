/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/answer.h"

#include "ctl/render.h"

#include <errno.h>
#include <jansson.h>

static bool is_list(const struct answer *answer)
{
	return !answer->command->streams && answer->command->rows[0] != '\0';
}

static int keep_row(struct answer *answer, const char *json)
{
	json_t *row = json_loads(json, JSON_REJECT_DUPLICATES, NULL);

	if (!json_is_object(row)) {
		json_decref(row);
		return -EBADMSG;
	}
	if (!answer->rows)
		answer->rows = json_array();
	return json_array_append_new(answer->rows, row) < 0 ? -ENOMEM : 0;
}

int answer_row(void *context, const char *json, const char *line)
{
	struct answer *answer = context;
	bool is_line = !answer->as_json && line[0] != '\0';

	if (is_list(answer) && !is_line)
		return keep_row(answer, json);
	if (!answer->as_json && !is_line)
		return render_row(answer->to, json);
	answer->has_lines = is_line;
	if (is_line)
		render_text(answer->to, line);
	else
		fputs(json, answer->to);
	fputc('\n', answer->to);
	if (answer->command->streams) /* whoever reads a pipe wants it now */
		fflush(answer->to);
	return ferror(answer->to) ? -EIO : 0;
}

static int write_list(struct answer *answer)
{
	json_t *rows = answer->rows ? json_incref(answer->rows) : json_array();
	json_t *list;

	if (!answer->as_json) {
		render_rows(answer->to, rows);
		json_decref(rows);
		return 0;
	}
	list = json_pack("{s:o}", answer->command->rows, rows);
	if (json_dumpf(list, answer->to, JSON_COMPACT | JSON_ENSURE_ASCII) < 0) {
		json_decref(list);
		return -EIO;
	}
	json_decref(list);
	fputc('\n', answer->to);
	return 0;
}

int answer_end(struct answer *answer, bool is_whole)
{
	bool is_written = !is_list(answer) || (answer->has_lines && !answer->as_json);
	int r = is_whole && !is_written ? write_list(answer) : 0;

	json_decref(answer->rows);
	answer->rows = NULL;
	return r;
}
