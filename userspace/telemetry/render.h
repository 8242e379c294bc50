/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records as people read them, and the pieces other outputs share: identities, addresses, argv.
 * Pure; hostile bytes (control characters, bad UTF-8) never reach a terminal or a database raw.
 */
#ifndef YAGURA_TELEMETRY_RENDER_H
#define YAGURA_TELEMETRY_RENDER_H

#include "telemetry/batch_codec.h"
#include "telemetry/record.h"

#define RENDER_ID_BYTES 80 /* room for any identity */
#define RENDER_ADDR_BYTES 46 /* INET6_ADDRSTRLEN */
#define RENDER_SPLT_BYTES (SPLT_MAX * sizeof("-32768:255"))

/* "BOOT-PID-START-EXEC": the first 8 hex of the boot id, then decimal pid, hex start, decimal
 * count. Empty for the all-zero key. */
void render_entity_id(char ret_id[RENDER_ID_BYTES], const struct batch_header *header,
		      const struct record_process_key *key);
/* "BOOT-COOKIE-INDEX", cookie in hex. */
void render_flow_id(char ret_id[RENDER_ID_BYTES], const struct batch_header *header,
		    const struct record_flow *flow);
/* IPv4-mapped addresses as dotted quads, others as RFC 5952. */
void render_addr(char ret_addr[RENDER_ADDR_BYTES], const uint8_t addr[16]);
/* "2026-11-23T01:02:03.456Z" (RFC 3339, UTC, milliseconds); `ret_time` takes at least 25 bytes. */
void render_time(char ret_time[32], uint64_t time_ns);
/* Lengths and times of the first segments, as one text:
 *	splt = [ entry *( "," entry ) ]
 *	entry = [ "-" ] length ":" gap
 * `length` in payload bytes, "-" when the destination sent them; `gap` the bucket of the time since
 * the entry before: 0 below 1 us, else 1 + floor(log2(us)). "517:0,-1460:13,-85:1". */
void render_splt(char ret_splt[RENDER_SPLT_BYTES], const struct record_splt *splt);

/* Two digits a byte, `ret_hex` takes 2 * size + 1. */
void render_hex(char *ret_hex, const uint8_t *bytes, size_t size);
/* "sha256:HEX", "sha512:HEX" or, of an algorithm that came later, "NUMBER:HEX"; "" for none. */
#define RENDER_VERITY_BYTES (8 + 2 * HASH_VERITY_BYTES_MAX)
void render_verity(char ret_verity[RENDER_VERITY_BYTES], const struct record_digest *verity);
void render_ima(char ret_ima[RENDER_VERITY_BYTES], const struct record_digest *ima);

/* argv as a JSON array text (["ls","-l"]), invalid UTF-8 replaced by U+FFFD. malloc'd,
 * NUL-terminated, the caller's; NULL without memory. */
char *render_args_json(struct text args);
/* Any text as valid, NUL-terminated UTF-8 (bad sequences and NULs become U+FFFD). malloc'd. */
char *render_utf8(struct text text);

/* One readable line without newline: at most `size` bytes with the NUL, cut when longer; control
 * characters shown as '?'. Examples:
 *   01:02:03.456 exec   /usr/bin/curl [4711] uid 0 by /usr/bin/bash [4700]: curl -s http://…
 *   01:02:03.456 exit   /usr/bin/curl [4711] code 0 after 0.012 s
 *   01:02:03.456 flow   egress 10.0.0.1:40000 > 10.0.0.2:80 tcp closed sent 78 received 850 …
 *   01:02:03.456 flow   … curl [4711] caller sni example.org ja4 t13d1516h2_8daaf6152771_…
 *   01:02:03.456 flow   ingress 10.9.9.9:0 > 10.0.0.1:22 tcp refused attempts 12 ports 7
 *   01:02:03.456 gap    12 exec records missing: ring_full
 *
 * Returns the length written, NUL not counted. */
size_t render_line(char *ret_line, size_t size, const struct record *record);

#endif
