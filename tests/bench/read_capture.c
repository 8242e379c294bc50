/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a capture file with libpcap and does nothing with it: what yagura-replay is held against.
 */
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	pcap_t *pcap = argc == 2 ? pcap_open_offline(argv[1], why) : NULL;
	uint64_t packets = 0;
	struct pcap_pkthdr *head;
	const u_char *bytes;

	if (!pcap) {
		fprintf(stderr, "read_capture FILE: %s\n", why);
		return EXIT_FAILURE;
	}
	while (pcap_next_ex(pcap, &head, &bytes) == 1)
		packets++;
	pcap_close(pcap);
	printf("%" PRIu64 "\n", packets);
	return EXIT_SUCCESS;
}
