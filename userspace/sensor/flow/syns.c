/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/flow/syns.h"

#include "common/hash.h"

void flow_syns_done(struct flow_syns *syns)
{
	for (size_t i = 0; i < FLOW_SYNS_MAX; i++)
		marks_done(&syns->seen[i].marks);
	*syns = (struct flow_syns){ 0 };
}

static bool is_of_shape(const struct flow_syn_seen *seen, const struct fingerprint_syn_shape *shape)
{
	return seen->shape.length == shape->length &&
	       memcmp(seen->shape.bytes, shape->bytes, shape->length) == 0;
}

/* Memory may lack in the middle: then there are fewer than a segment that can be read has. */
static void remember(struct flow_syn_seen *seen, const struct fingerprint_syn *syn,
		     const struct fingerprint_syn_shape *shape)
{
	marks_clear(&seen->marks);
	fingerprint_syn(syn, &seen->marks);
	seen->shape = *shape;
	if (seen->marks.count < shape->marks)
		seen->shape.length = 0;
}

void flow_syns_add_marks(struct flow_syns *syns, const struct fingerprint_syn *syn,
			 struct marks *marks)
{
	struct fingerprint_syn_shape shape;
	struct flow_syn_seen *seen;

	fingerprint_syn_shape(syn, &shape);
	seen = &syns->seen[hash_bytes(shape.bytes, shape.length) % FLOW_SYNS_MAX];
	if (shape.length > 0 && !is_of_shape(seen, &shape))
		remember(seen, syn, &shape);
	if (seen->shape.length == 0 || shape.length == 0) {
		fingerprint_syn(syn, marks);
		return;
	}
	for (size_t i = 0; i < seen->marks.count; i++)
		marks_add(marks, seen->marks.at[i].kind, seen->marks.at[i].value);
}
