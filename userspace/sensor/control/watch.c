/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/control/watch.h"

#include "sensor/control/call.h"
#include "sensor/control/dispatch.h"
#include "telemetry/render.h"
#include "telemetry/render_json.h"

#include <errno.h>
#include <event2/buffer.h>

static int make_row(struct watch_row *row, const struct batch_header *header,
		    const struct record *record, const uint8_t sensor[16])
{
	const struct render_source source = { .header = header, .sensor = sensor };

	if (row->is_made)
		return 0;
	if (render_json(&row->json, &source, record) < 0)
		return -ENOMEM;
	row->json.at[row->json.length - 1] = '\0'; /* was the newline */
	render_line(row->line, sizeof(row->line), record);
	row->is_made = true;
	return 0;
}

static int append_row(struct evbuffer *output, struct watch_row *row)
{
	Yagura__Control__Reply reply;
	Yagura__Control__Row message;

	yagura__control__reply__init(&reply);
	yagura__control__row__init(&message);
	message.json = row->json.at;
	message.line = row->line;
	reply.body_case = YAGURA__CONTROL__REPLY__BODY_ROW;
	reply.row = &message;
	return control_reply(output, &reply);
}

static int end(struct watch *watch, struct evbuffer *output, enum dispatch_error error,
	       const char *text)
{
	watch->is_on = false;
	dispatch_done(output, error, text);
	return 1;
}

int watch_show(struct watch *watch, struct watch_row *row, const struct batch_header *header,
	       const struct record *record, const uint8_t sensor[16], struct evbuffer *output)
{
	int r;

	if (!record_filter_takes(&watch->filter, record))
		return 0;
	if (evbuffer_get_length(output) > WATCH_BACKLOG_BYTES_MAX)
		return end(watch, output, DISPATCH_TOO_SLOW,
			   "records come faster than this client reads; a filter or a limit "
			   "makes them fewer");
	r = make_row(row, header, record, sensor);
	r = r ?: append_row(output, row);
	if (r < 0)
		return r;
	if (watch->left == 1)
		return end(watch, output, DISPATCH_OK, "");
	watch->left -= watch->left > 0;
	return 0;
}

void watch_row_done(struct watch_row *row)
{
	ndjson_done(&row->json);
}
