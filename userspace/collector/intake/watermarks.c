/* SPDX-License-Identifier: Apache-2.0 */
#include "common/hash.h"

#define HASH_FUNCTION(key, length, value) (value) = hash_bytes(key, length)

#include "collector/intake/watermarks.h"

#include "common/cursor.h"
#include "common/put.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define PART_HEAD_BYTES 8 /* number u32, is it the last u32 */
#define GENERATION_BYTES (8 + 8 * VERIFY_LANES)
#define SENSOR_BYTES_MAX (16 + 8 + 1 + WATERMARKS_GENERATIONS * GENERATION_BYTES)

struct generation {
	uint64_t id;
	uint64_t marks[VERIFY_LANES];
};

struct sensor {
	UT_hash_handle hh;
	uint8_t id[16];
	uint64_t instance; /* of the last arrival; 0: none */
	uint32_t count;
	struct generation generations[WATERMARKS_GENERATIONS]; /* the one used last stands first */
};

struct watermarks {
	struct sensor *sensors;
	uint32_t parts_restored;
};

struct watermarks *watermarks_new(void)
{
	return calloc(1, sizeof(struct watermarks));
}

void watermarks_clear(struct watermarks *marks)
{
	struct sensor *sensor;
	struct sensor *next;

	for (sensor = marks->sensors; sensor; sensor = next) {
		next = sensor->hh.next;
		HASH_DEL(marks->sensors, sensor);
		free(sensor);
	}
}

void watermarks_free(struct watermarks *marks)
{
	if (!marks)
		return;
	watermarks_clear(marks);
	free(marks);
}

size_t watermarks_count(const struct watermarks *marks)
{
	return HASH_COUNT(marks->sensors);
}

static struct sensor *find(const struct watermarks *marks, const uint8_t id[16])
{
	struct sensor *sensor = NULL;

	HASH_FIND(hh, marks->sensors, id, 16, sensor);
	return sensor;
}

static int find_or_add(struct watermarks *marks, const uint8_t id[16], struct sensor **ret_sensor)
{
	struct sensor *sensor = find(marks, id);

	*ret_sensor = sensor;
	if (sensor)
		return 0;
	if (HASH_COUNT(marks->sensors) >= WATERMARKS_SENSORS_MAX)
		return -ENOSPC;
	sensor = calloc(1, sizeof(*sensor));
	if (!sensor)
		return -ENOMEM;
	memcpy(sensor->id, id, sizeof(sensor->id));
	HASH_ADD(hh, marks->sensors, id, sizeof(sensor->id), sensor);
	*ret_sensor = sensor;
	return 0;
}

static struct generation *find_generation(struct sensor *sensor, uint64_t id)
{
	for (uint32_t i = 0; i < sensor->count; i++)
		if (sensor->generations[i].id == id)
			return &sensor->generations[i];
	return NULL;
}

int watermarks_get(void *context, const struct dedupe_key *key, uint64_t *ret_mark)
{
	struct sensor *sensor = find(context, key->sensor);
	struct generation *generation = sensor ? find_generation(sensor, key->generation) : NULL;

	*ret_mark = generation ? generation->marks[key->lane] : 0;
	return 0;
}

/* Moves the generation to the front; a new one takes the place of the one not used for longest. */
static struct generation *use_generation(struct sensor *sensor, uint64_t id)
{
	struct generation *found = find_generation(sensor, id);
	struct generation used = { .id = id };
	size_t before;

	if (found) {
		used = *found;
		before = (size_t)(found - sensor->generations);
	} else {
		before = sensor->count < WATERMARKS_GENERATIONS ? sensor->count++
								: sensor->count - 1;
	}
	memmove(sensor->generations + 1, sensor->generations,
		before * sizeof(sensor->generations[0]));
	sensor->generations[0] = used;
	return &sensor->generations[0];
}

int watermarks_set(void *context, const struct dedupe_key *key, uint64_t mark)
{
	struct sensor *sensor;
	int r = find_or_add(context, key->sensor, &sensor);

	if (r < 0)
		return r;
	use_generation(sensor, key->generation)->marks[key->lane] = mark;
	return 0;
}

bool watermarks_knows(const struct watermarks *marks, const uint8_t id[16], uint64_t instance)
{
	const struct sensor *sensor = find(marks, id);

	return sensor && sensor->instance == instance;
}

int watermarks_arrive(struct watermarks *marks, const uint8_t id[16], uint64_t instance)
{
	struct sensor *sensor;
	int r = find_or_add(marks, id, &sensor);

	if (r == 0)
		sensor->instance = instance;
	return r;
}

static uint8_t *put_sensor(uint8_t *at, const struct sensor *sensor)
{
	memcpy(at, sensor->id, sizeof(sensor->id));
	at = put_be(at + sizeof(sensor->id), sensor->instance, 8);
	at = put_be(at, sensor->count, 1);
	for (uint32_t i = 0; i < sensor->count; i++) {
		at = put_be(at, sensor->generations[i].id, 8);
		for (size_t lane = 0; lane < VERIFY_LANES; lane++)
			at = put_be(at, sensor->generations[i].marks[lane], 8);
	}
	return at;
}

int watermarks_checkpoint(const struct watermarks *marks,
			  int (*each)(void *context, const uint8_t *bytes, size_t size),
			  void *context)
{
	uint8_t *bytes = malloc(WATERMARKS_PART_BYTES_MAX);
	uint8_t *at = bytes ? bytes + PART_HEAD_BYTES : NULL;
	const struct sensor *sensor = marks->sensors;
	uint32_t part = 0;
	int r = bytes ? 0 : -ENOMEM;

	do {
		while (r == 0 && sensor &&
		       (size_t)(at - bytes) + SENSOR_BYTES_MAX <= WATERMARKS_PART_BYTES_MAX) {
			at = put_sensor(at, sensor);
			sensor = sensor->hh.next;
		}
		if (r == 0) {
			put_be(put_be(bytes, part++, 4), !sensor, 4);
			r = each(context, bytes, (size_t)(at - bytes));
			at = bytes + PART_HEAD_BYTES;
		}
	} while (r == 0 && sensor);
	free(bytes);
	return r;
}

static int take_sensor(struct watermarks *marks, struct cursor *c)
{
	struct sensor *sensor;
	uint8_t id[16] = { 0 };
	uint64_t instance, count;
	int r;

	cursor_copy(c, id, sizeof(id));
	instance = cursor_u64(c);
	count = cursor_u8(c);
	if (!cursor_ok(c) || count > WATERMARKS_GENERATIONS)
		return -EBADMSG;
	r = find_or_add(marks, id, &sensor);
	if (r < 0)
		return r;
	sensor->instance = instance;
	sensor->count = (uint32_t)count;
	for (uint32_t i = 0; i < count; i++) {
		sensor->generations[i].id = cursor_u64(c);
		for (size_t lane = 0; lane < VERIFY_LANES; lane++)
			sensor->generations[i].marks[lane] = cursor_u64(c);
	}
	return cursor_ok(c) ? 0 : -EBADMSG;
}

int watermarks_restore(struct watermarks *marks, const uint8_t *bytes, size_t size)
{
	struct cursor c = cursor_of(bytes, size);
	uint32_t part = cursor_u32(&c);
	uint32_t is_last = cursor_u32(&c);
	int r = 0;

	if (!cursor_ok(&c) || is_last > 1 || (part > 0 && part != marks->parts_restored))
		return -EBADMSG;
	if (part == 0)
		watermarks_clear(marks);
	while (r == 0 && c.left > 0)
		r = take_sensor(marks, &c);
	marks->parts_restored = is_last ? 0 : part + 1;
	return r < 0 ? r : (int)is_last;
}
