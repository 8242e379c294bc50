/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/keeper/keeper.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/resident.h"
#include "sensor/keeper/maps.h"
#include "sensor/keeper/place.h"
#include "sensor/keeper/serve.h"
#include "sensor/keeper/stock.h"
#include "sensor/keeper/sweep.h"
#include "sensor/keeper/targets.h"
#include "sensor/keeper/worker_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

/* A worker that dies at once is started again after this long, twice as long each time, up to the
 * last. */
#define RESTART_DELAY_MIN_MS 100
#define RESTART_DELAY_MAX_MS 5000
/* One that has run this long had started well. */
#define WORKER_SETTLED_NS (10 * NS_PER_S)
/* How long a stopping worker may take to write and ship what it holds. */
#define STOP_PATIENCE_MS 15000

struct keeper {
	const struct keeper_options *options;
	struct serve_context serve;
	struct hasher_process hasher;
	struct policy policy; /* that counts */
	struct targets targets; /* of its rules */
	int signals;
	int sweep; /* readable when one is due */
	int link; /* to the worker, -1 while there is none */
	pid_t worker;
	uint64_t worker_started_ns;
	int restart_delay_ms;
	uint64_t restart_at_ns; /* while there is no worker */
	bool stopping;
	int stop_attempts; /* workers that died instead of stopping */
	int status;
};

static int make_state(struct keeper *keeper)
{
	int fd = memfd_create("yagura-state", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	keeper->serve.state_fd = fd;
	if (ftruncate(fd, (off_t)keeper->options->state_bytes) < 0)
		return -errno;
	/* The size is part of the contract: a worker must not pull the rug from under the
	 * next one. */
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return -errno;
	return 0;
}

static int describe(struct keeper *keeper)
{
	struct keeper_description *description = &keeper->serve.description;
	struct utsname name;

	if (getrandom(&description->instance, sizeof(description->instance), 0) !=
	    sizeof(description->instance))
		return -EIO;
	uname(&name);
	snprintf(description->kernel_release, sizeof(description->kernel_release), "%.63s",
		 name.release);
	snprintf(description->cgroup, sizeof(description->cgroup), "%s",
		 loader_cgroup(keeper->serve.loader));
	memcpy(description->ring_bytes, keeper->options->loader.ring_bytes,
	       sizeof(description->ring_bytes));
	description->state_bytes = keeper->options->state_bytes;
	description->mnt_ns = place_host_namespace();
	description->arena_slots = loader_arena_slots(keeper->serve.loader);
	description->cpu_count = loader_cpu_count(keeper->serve.loader);
	return 0;
}

static int open_signals(void)
{
	sigset_t wanted;

	sigemptyset(&wanted);
	sigaddset(&wanted, SIGTERM);
	sigaddset(&wanted, SIGINT);
	sigaddset(&wanted, SIGCHLD);
	sigaddset(&wanted, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &wanted, NULL) < 0)
		return -errno;
	return signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int start_worker(struct keeper *keeper)
{
	int r = worker_process_start(keeper->options->config_path, &keeper->worker, &keeper->link);

	if (r < 0) {
		log_error("keeper", "cannot start the worker: %s", strerror(-r));
		return r;
	}
	keeper->worker_started_ns = clock_boottime_ns();
	log_debug("keeper", "worker started, pid %d", (int)keeper->worker);
	return 0;
}

static void drop_link(struct keeper *keeper)
{
	if (keeper->link >= 0)
		close(keeper->link);
	keeper->link = -1;
}

static bool ended_well(int wait_status)
{
	return WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;
}

static void log_end(int wait_status, const char *what_next)
{
	if (WIFSIGNALED(wait_status))
		log_error("keeper", "the worker was killed by signal %d; %s", WTERMSIG(wait_status),
			  what_next);
	else
		log_error("keeper", "the worker ended with status %d; %s", WEXITSTATUS(wait_status),
			  what_next);
}

/* It drains the rings, writes, ships, and ends. When it has just died, what waits in the rings
 * needs another: a stop that comes before it can be taken waits (worker_process.h). */
static void ask_worker_to_stop(struct keeper *keeper)
{
	if (keeper->worker == 0)
		start_worker(keeper);
	if (keeper->worker > 0)
		kill(keeper->worker, SIGTERM);
}

static void worker_died_stopping(struct keeper *keeper, int wait_status)
{
	if (ended_well(wait_status))
		return;
	if (keeper->stop_attempts++ == 0) {
		log_end(wait_status, "starting another to write what waits");
		ask_worker_to_stop(keeper);
	} else {
		log_end(wait_status, "what waited in the rings is lost");
		keeper->status = 1;
	}
}

static void plan_restart(struct keeper *keeper)
{
	keeper->restart_at_ns =
		clock_boottime_ns() + (uint64_t)keeper->restart_delay_ms * NS_PER_MS;
}

/* Rings and state stay as they are: the next worker goes on where this one was. */
static void worker_died(struct keeper *keeper, int wait_status)
{
	drop_link(keeper);
	keeper->worker = 0;
	if (keeper->stopping) {
		worker_died_stopping(keeper, wait_status);
		return;
	}
	log_end(wait_status, "starting another");
	if (clock_boottime_ns() - keeper->worker_started_ns > WORKER_SETTLED_NS)
		keeper->restart_delay_ms = RESTART_DELAY_MIN_MS;
	plan_restart(keeper);
	keeper->serve.description.worker_restarts++;
}

static void reap(struct keeper *keeper)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == keeper->worker)
			worker_died(keeper, status);
		else
			hasher_process_ended(&keeper->hasher, pid, status);
}

/* Nothing new is to be seen any more. */
static void stop(struct keeper *keeper)
{
	if (keeper->stopping)
		return;
	reap(keeper); /* a worker that is dead already is not to be asked */
	keeper->stopping = true;
	loader_detach(keeper->serve.loader);
	ask_worker_to_stop(keeper);
}

/* Lets the policy count. What its rules name is looked at before it is looked up, so a change in
 * between is seen later. */
static int adopt(struct keeper *keeper, const struct policy *policy,
		 char ret_error[POLICY_ERROR_BYTES])
{
	int noted = targets_note(&keeper->targets, policy);
	int r = policy_apply(policy, keeper->serve.loader, ret_error);

	if (r < 0)
		noted = targets_note(&keeper->targets, &keeper->policy);
	else if (policy_copy(&keeper->policy, policy) < 0)
		noted = -ENOMEM;
	if (noted < 0) {
		targets_done(&keeper->targets); /* nor is another policy to come back */
		log_warn("keeper", "out of memory: what filters name is looked up at SIGHUP only");
	}
	return r;
}

/* A group that is made, a program that is upgraded: rules name them as before. */
static void follow_targets(struct keeper *keeper)
{
	char error[POLICY_ERROR_BYTES] = "";

	if (!targets_changed(&keeper->targets))
		return;
	log_info("keeper", "what [filter] names has changed");
	if (adopt(keeper, &keeper->policy, error) < 0)
		log_error("keeper", "the filters stay as they were: %s", error);
}

/* A mistake in the file leaves everything as it was: a sensor does not go blind over it. */
static void reread(struct keeper *keeper)
{
	const struct keeper_options *options = keeper->options;
	char error[POLICY_ERROR_BYTES] = "";
	struct policy policy;
	int r = options->reread(options->config_path, &policy, error);

	if (r == 0)
		r = adopt(keeper, &policy, error);
	if (r < 0)
		log_error("keeper", "nothing changes: %s", error);
	else
		log_info("keeper", "[filter] and [throttle] count as %s has them now",
			 options->config_path);
}

static void take_signals(struct keeper *keeper)
{
	struct signalfd_siginfo info;

	while (read(keeper->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			reap(keeper);
		else if (info.ssi_signo == SIGHUP)
			reread(keeper);
		else
			stop(keeper);
	}
}

/* How long to sleep: until a signal or a request, until the next start, or until patience ends. */
static int turn_timeout_ms(const struct keeper *keeper, uint64_t stop_deadline_ns)
{
	uint64_t until_ns = keeper->stopping ? stop_deadline_ns : keeper->restart_at_ns;
	uint64_t now_ns = clock_boottime_ns();

	if (!keeper->stopping && keeper->worker > 0)
		return -1;
	return now_ns >= until_ns ? 0 : (int)((until_ns - now_ns) / NS_PER_MS) + 1;
}

static void restart_worker(struct keeper *keeper)
{
	keeper->restart_delay_ms *= 2;
	if (keeper->restart_delay_ms > RESTART_DELAY_MAX_MS)
		keeper->restart_delay_ms = RESTART_DELAY_MAX_MS;
	plan_restart(keeper); /* in case this one fails */
	start_worker(keeper);
}

static void each_second(struct keeper *keeper)
{
	sweep_run(keeper->serve.loader, keeper->sweep);
	follow_targets(keeper);
}

static void loop(struct keeper *keeper)
{
	uint64_t stop_deadline_ns = 0;

	while (!keeper->stopping || keeper->worker > 0) {
		struct pollfd wait[3] = { { .fd = keeper->signals, .events = POLLIN },
					  { .fd = keeper->link, .events = POLLIN },
					  { .fd = keeper->sweep, .events = POLLIN } };
		int ready = poll(wait, 3, turn_timeout_ms(keeper, stop_deadline_ns));

		if (wait[0].revents)
			take_signals(keeper);
		if (keeper->stopping && stop_deadline_ns == 0)
			stop_deadline_ns = clock_boottime_ns() + STOP_PATIENCE_MS * NS_PER_MS;
		if (ready > 0 && wait[1].revents && keeper->link >= 0 &&
		    serve_request(&keeper->serve, keeper->link) < 0)
			drop_link(keeper); /* its SIGCHLD says the rest */
		if (ready > 0 && wait[2].revents)
			each_second(keeper);
		if (ready == 0 && keeper->stopping && keeper->worker > 0) {
			log_error("keeper", "the worker does not end; killing it");
			kill(keeper->worker, SIGKILL);
			stop_deadline_ns += STOP_PATIENCE_MS * NS_PER_MS;
		} else if (ready == 0 && keeper->worker == 0) {
			restart_worker(keeper);
		}
	}
}

/* The filters count before the first event is made. */
static int begin_to_see(struct keeper *keeper, char ret_error[LOADER_ERROR_BYTES])
{
	int r = loader_open(&keeper->options->loader, &keeper->serve.loader, ret_error);

	if (r == 0)
		r = adopt(keeper, &keeper->options->policy, ret_error);
	if (r == 0)
		r = loader_attach(keeper->serve.loader, ret_error);
	if (r < 0)
		return r;
	stock_take(keeper->serve.loader);
	return 0;
}

int keeper_run(const struct keeper_options *options)
{
	struct keeper keeper = { .options = options,
				 .signals = -1,
				 .sweep = -1,
				 .link = -1,
				 .serve.state_fd = -1,
				 .serve.hash_bytes_max = options->hash_bytes_max,
				 .hasher = { .jobs = -1, .results = { -1, -1 } },
				 .targets.cgroups = -1,
				 .status = 1,
				 .restart_delay_ms = RESTART_DELAY_MIN_MS };
	char error[LOADER_ERROR_BYTES] = "";
	int r;

	keeper.signals = open_signals();
	r = keeper.signals < 0 ? keeper.signals : make_state(&keeper);
	if (r < 0) {
		log_error("keeper", "cannot set up: %s", strerror(-r));
		goto out;
	}
	if (worker_process_check(options->config_path) < 0)
		goto out;
	if (begin_to_see(&keeper, error) < 0) {
		log_error("keeper", "%s", error);
		goto out;
	}
	maps_log(keeper.serve.loader);
	keeper.sweep = sweep_open();
	if (keeper.sweep < 0 ||
	    serve_hashes(&keeper.serve, &keeper.hasher, options->config_path) < 0 ||
	    describe(&keeper) < 0 || start_worker(&keeper) < 0)
		goto out;
	log_info("keeper", "attached to %s, kernel %s", loader_cgroup(keeper.serve.loader),
		 keeper.serve.description.kernel_release);
	keeper.status = 0;
	resident_give_back(); /* the kernel's BTF was parsed: many megabytes, never needed again */
	loop(&keeper);
	log_info("keeper", "stopped");
out:
	drop_link(&keeper);
	hasher_process_close(&keeper.hasher);
	targets_done(&keeper.targets);
	policy_done(&keeper.policy);
	loader_close(keeper.serve.loader);
	if (keeper.serve.state_fd >= 0)
		close(keeper.serve.state_fd);
	if (keeper.sweep >= 0)
		close(keeper.sweep);
	if (keeper.signals >= 0)
		close(keeper.signals);
	return keeper.status;
}
