/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawn SECONDS RATE: starts /bin/true again and again, RATE times a second, or, when RATE is 0,
 * each as soon as the one before has ended. Prints how many, and how many nanoseconds it took.
 */
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#define NS_PER_S 1000000000ull
#define RUNNING_MAX 64 /* a host that cannot keep the pace must not fill up with processes */

static unsigned long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned long long)now.tv_sec * NS_PER_S + (unsigned long long)now.tv_nsec;
}

static void sleep_until(unsigned long long when_ns)
{
	struct timespec when = { .tv_sec = (time_t)(when_ns / NS_PER_S),
				 .tv_nsec = (long)(when_ns % NS_PER_S) };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL);
}

static void start_one(void)
{
	char *const arguments[] = { (char[]){ "true" }, NULL };
	char *const environment[] = { NULL };
	pid_t pid;

	if (posix_spawn(&pid, "/bin/true", NULL, NULL, arguments, environment) != 0) {
		perror("spawn: /bin/true");
		exit(EXIT_FAILURE);
	}
}

/* Waits until at most so many run; returns how many do. */
static unsigned reap(unsigned running, unsigned running_max)
{
	while (running > 0 && waitpid(-1, NULL, running > running_max ? 0 : WNOHANG) > 0)
		running--;
	return running;
}

int main(int count, char *values[])
{
	unsigned long long begin_ns = now_ns();
	unsigned long long end_ns, rate, started = 0;
	unsigned running = 0;

	if (count != 3) {
		fputs("usage: spawn SECONDS RATE\n", stderr);
		return 2;
	}
	end_ns = begin_ns + (unsigned long long)(atof(values[1]) * (double)NS_PER_S);
	rate = strtoull(values[2], NULL, 10);
	while (now_ns() < end_ns) {
		if (rate > 0)
			sleep_until(begin_ns + started * NS_PER_S / rate);
		start_one();
		started++;
		running = reap(running + 1, rate > 0 ? RUNNING_MAX : 0);
	}
	reap(running, 0);
	printf("%llu %llu\n", started, now_ns() - begin_ns);
	return 0;
}
