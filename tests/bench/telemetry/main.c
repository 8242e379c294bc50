/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What telemetry takes: bytes a record, beside what others would take for the same records, and how
 * fast it is made and read. Fails when the records are too easy to be worth measuring, or when what
 * comes back is not as many.
 */
#include "bench/telemetry/model.h"
#include "bench/telemetry/others.h"
#include "telemetry/batch_codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#define SEED 20251123
#define ENTROPY_FLOWS 20000
#define ENTROPY_BYTES_MIN 9.4
#define EPOCH_BATCHES 8
#define ROUNDS 25

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "bench-telemetry: %s\n", what);
	exit(1);
}

struct stream {
	struct batch_bytes *batches;
	size_t count;
	size_t bytes;
	size_t raw_bytes;
};

static void stream_done(struct stream *stream)
{
	for (size_t i = 0; i < stream->count; i++)
		free(stream->batches[i].bytes);
	free(stream->batches);
}

static void encode(const struct record *records, size_t count, size_t batch_records,
		   struct stream *ret_stream)
{
	static const struct batch_header header = { .boot_id = { 1, 2, 3, 4, 5, 6, 7, 8 } };
	struct batch_encoder *encoder = batch_encoder_new(&header);
	struct stream stream = { .batches = calloc(count / batch_records + 1,
						   sizeof(struct batch_bytes)) };

	require(encoder && stream.batches, "out of memory");
	for (size_t i = 0; i < count; i++) {
		struct batch_bytes *batch = &stream.batches[stream.count];

		require(batch_encoder_add(encoder, &records[i]) == 0, "a record does not fit");
		if ((i + 1) % batch_records != 0 && i + 1 < count)
			continue;
		require(batch_encoder_finish(encoder, batch) == 0, "a batch cannot be made");
		stream.bytes += batch->size;
		stream.raw_bytes += batch->raw_size;
		stream.count++;
	}
	batch_encoder_free(encoder);
	*ret_stream = stream;
}

static int count_record(void *context, const struct batch_header *header,
			const struct record *record)
{
	(void)header;
	(void)record;
	++*(size_t *)context;
	return 0;
}

static size_t decode(const struct stream *stream)
{
	struct batch_epoch *epoch = batch_epoch_new();
	size_t count = 0;

	require(epoch != NULL, "out of memory");
	for (size_t i = 0; i < stream->count; i++) {
		const struct batch_input input = { .bytes = stream->batches[i].bytes,
						   .size = stream->batches[i].size,
						   .raw_size = stream->batches[i].raw_size,
						   .seq = i + 1,
						   .epoch_index = stream->batches[i].epoch_index };

		require(batch_decode(epoch, &input, count_record, &count, NULL) == 0,
			"a batch does not decode");
	}
	batch_epoch_free(epoch);
	return count;
}

static void print_bytes(const char *name, const struct record *records, size_t count,
			size_t batch_records)
{
	struct stream stream;

	encode(records, count, batch_records, &stream);
	require(decode(&stream) == count, "not every record comes back");
	printf("%s: %.2f bytes\n", name, (double)stream.bytes / (double)count);
	printf("%s_raw: %.2f bytes\n", name, (double)stream.raw_bytes / (double)count);
	stream_done(&stream);
}

static size_t deflated(const struct ndjson *buffer)
{
	uLongf size = compressBound(buffer->length);
	uint8_t *bytes = malloc(size);

	require(bytes && compress2(bytes, &size, (const uint8_t *)buffer->at, buffer->length, 6) ==
				 Z_OK,
		"deflate fails");
	free(bytes);
	return size;
}

static void print_other(const char *name, const struct record *records, size_t count,
			size_t batch_records, void (*write)(struct ndjson *, const struct record *))
{
	struct ndjson buffer = { 0 };
	size_t raw = 0, size = 0;

	for (size_t i = 0; i < count; i++) {
		write(&buffer, &records[i]);
		if ((i + 1) % batch_records != 0 && i + 1 < count)
			continue;
		raw += buffer.length;
		size += deflated(&buffer);
		buffer.length = 0;
	}
	ndjson_done(&buffer);
	printf("%s_raw: %.1f bytes\n", name, (double)raw / (double)count);
	printf("%s_deflated: %.1f bytes\n", name, (double)size / (double)count);
}

/* Sent as it is, over UDP. */
static void print_ipfix(const struct record *records, size_t count)
{
	struct ndjson buffer = { 0 };

	for (size_t i = 0; i < count; i++)
		others_ipfix(&buffer, &records[i]);
	printf("ipfix_flow_raw: %.1f bytes\n", (double)buffer.length / (double)count);
	ndjson_done(&buffer);
}

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The best of several rounds: what else the host does only ever makes one worse. */
static void print_speeds(const struct model *model)
{
	double best_encode = 1e9, best_decode = 1e9;

	for (int round = 0; round < ROUNDS; round++) {
		struct stream stream;
		double start = cpu_seconds(), encoded, decoded;

		encode(model->flows, model->flow_count, 500, &stream);
		encoded = cpu_seconds();
		require(decode(&stream) == model->flow_count, "not every record comes back");
		decoded = cpu_seconds();
		best_encode = encoded - start < best_encode ? encoded - start : best_encode;
		best_decode = decoded - encoded < best_decode ? decoded - encoded : best_decode;
		stream_done(&stream);
	}
	printf("encode_flows_per_second: %.0f flows/s\n", (double)model->flow_count / best_encode);
	printf("decode_flows_per_second: %.0f flows/s\n", (double)model->flow_count / best_decode);
}

static void print_entropy(void)
{
	struct model model;

	model_make(&(struct model_options){ .seed = SEED, .flows = ENTROPY_FLOWS }, &model);
	printf("entropy_bytes_per_flow: %.2f bytes\n", model.entropy_bytes_per_flow);
	require(model.entropy_bytes_per_flow >= ENTROPY_BYTES_MIN,
		"the flows have too little entropy to say anything");
	model_done(&model);
}

static void print_flows(void)
{
	struct model model;

	model_make(&(struct model_options){ .seed = SEED, .flows = EPOCH_BATCHES * 500 }, &model);
	print_bytes("bytes_per_flow_500", model.flows, model.flow_count, 500);
	print_bytes("bytes_per_flow_100", model.flows, EPOCH_BATCHES * 100, 100);
	print_other("row_protobuf_flow", model.flows, model.flow_count, 500, others_row_protobuf);
	print_other("ndjson_flow", model.flows, model.flow_count, 500, others_ndjson);
	print_other("eve_flow", model.flows, model.flow_count, 500, others_eve);
	print_ipfix(model.flows, model.flow_count);
	print_speeds(&model);
	model_done(&model);
}

static void print_execs(void)
{
	struct model model;

	model_make(&(struct model_options){ .seed = SEED, .execs = EPOCH_BATCHES * 1000 }, &model);
	print_bytes("bytes_per_exec_1000", model.execs, model.exec_count, 1000);
	print_bytes("bytes_per_exec_100", model.execs, EPOCH_BATCHES * 100, 100);
	print_other("row_protobuf_exec", model.execs, model.exec_count, 1000, others_row_protobuf);
	print_other("ndjson_exec", model.execs, model.exec_count, 1000, others_ndjson);
	model_done(&model);
	model_make(&(struct model_options){ .seed = SEED,
					    .execs = EPOCH_BATCHES * 1000,
					    .has_nanoseconds = true },
		   &model);
	print_bytes("bytes_per_exec_1000_nanoseconds", model.execs, model.exec_count, 1000);
	model_done(&model);
}

static void print_special(const char *name, struct model_options options)
{
	struct model model;

	options.seed = SEED;
	options.flows = EPOCH_BATCHES * 500;
	model_make(&options, &model);
	print_bytes(name, model.flows, model.flow_count, 500);
	model_done(&model);
}

int main(void)
{
	print_entropy();
	print_flows();
	print_execs();
	print_special("bytes_per_flow_new_ipv6_peers",
		      (struct model_options){ .only_new_peers = true });
	print_special("bytes_per_flow_with_everything",
		      (struct model_options){ .has_everything = true });
	return 0;
}
