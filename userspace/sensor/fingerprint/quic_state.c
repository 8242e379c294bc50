/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/fingerprint/quic_state.h"

#include <stdlib.h>

#define WAITING_BYTES_MAX 1500

void quic_drop_waiting(struct quic_state *state)
{
	if (state->waiting)
		explicit_bzero(state->waiting, state->waiting_bytes);
	free(state->waiting);
	state->waiting = NULL;
}

void quic_state_free(struct quic_state *state)
{
	if (!state)
		return;
	for (size_t i = 0; i < SIDE_COUNT; i++)
		pieces_done(&state->ends[i].crypto);
	quic_drop_waiting(state);
	explicit_bzero(state, sizeof(*state));
	free(state);
}

bool quic_state_is_unfinished(const struct quic_state *state, enum fingerprint_side side)
{
	const struct quic_end *end = state ? &state->ends[side] : NULL;

	return end && !end->is_done && end->crypto.end > end->read_bytes;
}

size_t quic_state_bytes(const struct quic_state *state)
{
	size_t bytes = state ? sizeof(*state) : 0;

	for (size_t i = 0; state && i < SIDE_COUNT; i++)
		bytes += pieces_heap(&state->ends[i].crypto);
	return state && state->waiting ? bytes + state->waiting_bytes : bytes;
}

void quic_remember(struct quic_id *id, struct cursor bytes)
{
	struct quic_id copy = { .is_known = true, .length = bytes.left };

	cursor_copy(&bytes, copy.bytes, bytes.left);
	*id = copy;
}

void quic_keep_waiting(struct quic_state *state, struct cursor packet)
{
	if (state->waiting || state->first.is_known || packet.left > WAITING_BYTES_MAX)
		return;
	state->waiting = malloc(packet.left);
	state->waiting_bytes = packet.left;
	if (state->waiting)
		cursor_copy(&packet, state->waiting, packet.left);
}
