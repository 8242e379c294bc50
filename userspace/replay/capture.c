/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/capture.h"

#include "common/cleanup.h"
#include "common/clock.h"
#include "replay/pcapng.h"

#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

/* libpcap reads a packet's head and body with one fread() each: the larger the buffer, the fewer
 * system calls. */
#define BUFFER_BYTES (1u << 20)
#define GZIP_PIECE_BYTES (16u << 10)

struct capture {
	pcap_t *pcap; /* or */
	struct pcapng *pcapng;
	gzFile gzip; /* closed with the stream of either; NULL for a plain file */
	int gzip_status; /* Z_OK, or what went wrong with the stream */
	char *buffer;
};

/* In pieces: zlib drops what it inflated within the call that meets damage. */
static ssize_t read_gzip(void *cookie, char *to, size_t size)
{
	struct capture *capture = cookie;
	unsigned int piece = size < GZIP_PIECE_BYTES ? (unsigned int)size : GZIP_PIECE_BYTES;
	int got = gzread(capture->gzip, to, piece);

	/* A stream that ends too early first gives what there is, and its status tells. */
	gzerror(capture->gzip, &capture->gzip_status);
	return got;
}

static int close_gzip(void *cookie)
{
	struct capture *capture = cookie;

	gzclose(capture->gzip);
	capture->gzip = NULL;
	return 0;
}

/* RFC 1952 2.3.1. What cannot be asked beforehand (a pipe) goes through zlib as well: it hands
 * through what is no gzip. */
static bool wants_zlib(int fd)
{
	uint8_t magic[2];
	ssize_t got = pread(fd, magic, sizeof(magic), 0);

	return got < 0 || (got == 2 && magic[0] == 0x1f && magic[1] == 0x8b);
}

static FILE *open_gzip(struct capture *capture, int fd)
{
	static const cookie_io_functions_t functions = { .read = read_gzip, .close = close_gzip };
	FILE *file;

	capture->gzip = gzdopen(fd, "rb");
	if (!capture->gzip)
		return NULL;
	gzbuffer(capture->gzip, GZIP_PIECE_BYTES);
	file = fopencookie(capture, "rb", functions);
	if (!file)
		gzclose(capture->gzip);
	return file;
}

static int open_file(const char *path)
{
	struct stat status;
	int fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
					: open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
		close(fd);
		errno = EISDIR;
		return -1;
	}
	if (fd >= 0)
		posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return fd;
}

/* What is wrong with a compressed file is told first: libpcap only sees that bytes are missing. */
static void explain(const struct capture *capture, const char *why,
		    char ret_error[CAPTURE_ERROR_BYTES])
{
	if (capture->gzip_status == Z_BUF_ERROR)
		why = "the gzip stream is cut";
	else if (capture->gzip_status != Z_OK)
		why = "the gzip stream is damaged";
	snprintf(ret_error, CAPTURE_ERROR_BYTES, "%s", why);
}

/* Takes over `file`. */
static int open_pcapng(struct capture *capture, FILE *file, char ret_error[CAPTURE_ERROR_BYTES])
{
	capture->pcapng = pcapng_new(file);
	if (capture->pcapng)
		return 0;
	fclose(file);
	snprintf(ret_error, CAPTURE_ERROR_BYTES, "no memory");
	return -ENOMEM;
}

static bool is_pcapng(FILE *file)
{
	return ungetc(fgetc(file), file) == PCAPNG_FIRST_BYTE;
}

/* Takes over `fd`. */
static int open_stream(struct capture *capture, int fd, char ret_error[CAPTURE_ERROR_BYTES])
{
	char why[PCAP_ERRBUF_SIZE] = "";
	bool zlib = wants_zlib(fd);
	FILE *file = zlib ? open_gzip(capture, fd) : fdopen(fd, "rb");

	if (!file) {
		if (!capture->gzip)
			close(fd);
		capture->gzip = NULL;
		snprintf(ret_error, CAPTURE_ERROR_BYTES, "no memory");
		return -ENOMEM;
	}
	setvbuf(file, capture->buffer, _IOFBF, BUFFER_BYTES);
	if (is_pcapng(file))
		return open_pcapng(capture, file, ret_error);
	capture->pcap =
		pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, why);
	if (capture->pcap)
		return 0;
	fclose(file);
	explain(capture, why, ret_error);
	return -EBADMSG;
}

int capture_open(const char *path, struct capture **ret_capture,
		 char ret_error[CAPTURE_ERROR_BYTES])
{
	struct capture *capture;
	int fd = open_file(path);
	int r = -errno;

	if (fd < 0) {
		snprintf(ret_error, CAPTURE_ERROR_BYTES, "%s", strerror(-r));
		return r;
	}
	capture = calloc(1, sizeof(*capture));
	if (capture)
		capture->buffer = malloc(BUFFER_BYTES);
	if (!capture || !capture->buffer) {
		close(fd);
		free(capture);
		snprintf(ret_error, CAPTURE_ERROR_BYTES, "no memory");
		return -ENOMEM;
	}
	r = open_stream(capture, fd, ret_error);
	if (r < 0)
		capture_close(capture);
	else
		*ret_capture = capture;
	return r;
}

void capture_close(struct capture *capture)
{
	if (!capture)
		return;
	if (capture->pcap)
		pcap_close(capture->pcap);
	pcapng_free(capture->pcapng);
	free(capture->buffer); /* the stream that used it is closed */
	free(capture);
}

/* As pcapng_next. */
static int next_pcap(struct capture *capture, struct capture_packet *ret_packet,
		     const char **ret_why)
{
	struct pcap_pkthdr *head;
	const u_char *bytes;
	int status = pcap_next_ex(capture->pcap, &head, &bytes);

	if (status == PCAP_ERROR_BREAK)
		return 0;
	if (status != 1) {
		*ret_why = pcap_geterr(capture->pcap);
		return -EBADMSG;
	}
	/* With nanosecond precision asked for, tv_usec holds nanoseconds. */
	ret_packet->time_ns =
		(uint64_t)head->ts.tv_sec * NS_PER_S + (uint64_t)head->ts.tv_usec % NS_PER_S;
	ret_packet->link_type = pcap_datalink(capture->pcap);
	ret_packet->bytes = cursor_of(bytes, head->caplen);
	return 1;
}

int capture_next(struct capture *capture, struct capture_packet *ret_packet,
		 char ret_error[CAPTURE_ERROR_BYTES])
{
	const char *why = "";
	int r = capture->pcapng ? pcapng_next(capture->pcapng, ret_packet, &why)
				: next_pcap(capture, ret_packet, &why);

	if (r == 0 && capture->gzip_status != Z_OK)
		r = -EBADMSG;
	if (r < 0)
		explain(capture, why, ret_error);
	return r;
}
