/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/telemetry/model_world.h"

static struct text hex(struct world *world, size_t digits)
{
	char line[128] = { 0 };

	for (size_t i = 0; i < digits; i++)
		line[i] = "0123456789abcdef"[chance_below(&world->chance, 16)];
	return model_text(world->model, "%s", line);
}

static struct text name(struct world *world)
{
	static const char *const ends[] = { "com", "net", "org", "co.jp", "go.jp", "io" };
	char word[16] = { 0 }, host[16] = { 0 };

	chance_word(&world->chance, word, 6 + chance_below(&world->chance, 7));
	chance_word(&world->chance, host, 3 + chance_below(&world->chance, 4));
	return model_text(world->model, "%s.%s.%s", host, word,
			  ends[chance_below(&world->chance, 6)]);
}

static void make_addr(struct world *world, bool is_ipv6, uint8_t ret_addr[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	chance_bytes(&world->chance, ret_addr, 16);
	if (!is_ipv6)
		memcpy(ret_addr, mapped, sizeof(mapped));
	else
		memcpy(ret_addr, "\x24\x04\x68", 3);
}

void world_make_peer(struct world *world, bool is_ipv6, struct peer *ret_peer)
{
	static const char *const ciphers[] = { "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
					       "TLS_CHACHA20_POLY1305_SHA256" };

	ret_peer->is_ipv6 = is_ipv6;
	make_addr(world, is_ipv6, ret_peer->addr);
	ret_peer->name = name(world);
	ret_peer->rtt_us = chance_log_normal(&world->chance, 18000, 0.9);
	ret_peer->cipher = constant(ciphers[chance_below(&world->chance, 3)]);
	ret_peer->synack = constant("65535:2-4-8-1-3:1460:8");
}

static void make_programs(struct world *world)
{
	for (uint32_t i = 0; i < PROGRAMS; i++) {
		struct program *program = &world->programs[i];
		char word[12] = { 0 };

		chance_word(&world->chance, word, 4 + chance_below(&world->chance, 6));
		program->process = (struct record_process){
			.key = { .start_ns = chance_next(&world->chance) % MODEL_UPTIME_NS,
				 .pid = 300 + chance_below(&world->chance, 60000),
				 .exec_count = 1 },
			.uid = chance_percent(&world->chance, 50) ? 0 : 1000,
			.gid = 0,
			.executable = model_text(world->model, "/usr/bin/%s", word),
			.args = model_text(world->model, "/usr/bin/%s%c--config%c/etc/%s/%s.conf%c",
					   word, 0, 0, word, word, 0),
		};
		program->profile = chance_below(&world->chance, PROFILES);
		program->cgroup_id = 4000 + i / 4;
		program->cgroup = model_text(world->model, "/system.slice/unit-%u.service", i / 4);
	}
}

static void make_profiles(struct world *world)
{
	for (uint32_t i = 0; i < PROFILES; i++) {
		struct profile *profile = &world->profiles[i];
		struct text b = hex(world, 12), c = hex(world, 12), long_one = hex(world, 120);

		profile->ja3 = hex(world, 32);
		profile->ja4 = model_text(world->model, "t13d15%02uh2_%s_%s", 10 + i, b.at, c.at);
		profile->quic_ja4 =
			model_text(world->model, "q13d03%02uh3_%s_%s", 10 + i, b.at, c.at);
		profile->ja4_r = model_text(world->model, "t13d15%02uh2_%s", 10 + i, long_one.at);
		profile->npf =
			model_text(world->model, "tls/1/(0303)(%s)[%s]", long_one.at, long_one.at);
		profile->alpn = constant("h2");
	}
}

void world_init(struct world *world)
{
	struct text ja3s[8];

	make_programs(world);
	make_profiles(world);
	for (size_t i = 0; i < 8; i++)
		ja3s[i] = hex(world, 32);
	for (uint32_t i = 0; i < PEERS; i++) {
		world_make_peer(world, chance_percent(&world->chance, 25), &world->peers[i]);
		world->peers[i].ja3s = ja3s[chance_below(&world->chance, 8)];
	}
	for (uint32_t i = 0; i < 2; i++)
		world_make_peer(world, false, &world->resolvers[i]);
	for (uint32_t i = 0; i < VISITORS; i++)
		world_make_peer(world, chance_percent(&world->chance, 25), &world->visitors[i]);
	make_addr(world, false, world->local);
	make_addr(world, true, world->local6);
	zipf_init(&world->of_programs, PROGRAMS);
	zipf_init(&world->of_peers, PEERS);
	zipf_init(&world->of_visitors, VISITORS);
}

void world_done(struct world *world)
{
	zipf_done(&world->of_programs);
	zipf_done(&world->of_peers);
	zipf_done(&world->of_visitors);
}
