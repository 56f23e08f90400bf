// SPDX-License-Identifier: GPL-2.0
/*
 * Do the bytes of a file stay right while its PMD ranges are upgraded?
 *
 * Threads map it in 4 KiB and 2 MiB pages, truncate it, punch holes, write(), fsync() and
 * fork() meanwhile.
 *
 * Every writer writes a page's number to the page; every reader finds that number or zero.
 * Each thread does a fixed number of rounds, in its own random order. The caller checks
 * the kernel log.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "dax_file.h"

#define RANGES		3
#define FILE_SIZE	(RANGES * PMD_SIZE)
#define ROUNDS		150

static size_t page;
static int file;
static atomic_ulong wrong, killed;
static atomic_int done;
static __thread sigjmp_buf after_sigbus;

static void on_sigbus(int number)
{
	(void)number;
	siglongjmp(after_sigbus, 1);
}

static size_t next(unsigned int *seed, size_t limit)
{
	return (size_t)rand_r(seed) % limit;
}

static void visit_page(char *map, size_t at, size_t write)
{
	uint64_t *place = (uint64_t *)(map + at * page);
	uint64_t value = __atomic_load_n(place, __ATOMIC_RELAXED);

	if (value && value != at + 1)
		atomic_fetch_add(&wrong, 1);
	if (write)
		__atomic_store_n(place, at + 1, __ATOMIC_RELAXED);
}

/* Visit some pages; stop at a SIGBUS, when the file has shrunk below one. */
static void visit(char *map, unsigned int *seed, int pages)
{
	if (sigsetjmp(after_sigbus, 1))
		return;
	while (pages--)
		visit_page(map, next(seed, FILE_SIZE / page), next(seed, 2));
}

static void map_often(char *(*map_file)(int fd, size_t size), unsigned int seed)
{
	int i;

	for (i = 0; i < ROUNDS; i++) {
		char *map = map_file(file, FILE_SIZE);

		visit(map, &seed, 40);
		munmap(map, FILE_SIZE);
	}
}

static void *map_small(void *arg)
{
	map_often(dax_map_small, (uintptr_t)arg);
	return NULL;
}

static void *map_large(void *arg)
{
	map_often(dax_map, (uintptr_t)arg);
	return NULL;
}

static void *fork_and_visit(void *arg)
{
	unsigned int seed = (uintptr_t)arg;
	int i, status;
	pid_t child;

	for (i = 0; i < ROUNDS / 10; i++) {
		char *map = dax_map(file, FILE_SIZE);

		visit(map, &seed, 4);
		child = fork();
		if (child < 0)
			ksft_exit_fail_msg("fork: %s\n", strerror(errno));
		if (!child) {
			atomic_store(&wrong, 0);
			visit(map, &seed, 20);
			_exit(atomic_load(&wrong) != 0);
		}
		if (waitpid(child, &status, 0) != child)
			ksft_exit_fail_msg("waitpid: %s\n", strerror(errno));
		if (WIFEXITED(status) && WEXITSTATUS(status))
			atomic_fetch_add(&wrong, 1);
		if (!WIFEXITED(status))
			atomic_fetch_add(&killed, 1);
		munmap(map, FILE_SIZE);
	}
	return NULL;
}

static void *sync_all(void *arg)
{
	(void)arg;
	while (!atomic_load(&done)) {
		if (fsync(file))
			ksft_exit_fail_msg("fsync: %s\n", strerror(errno));
		usleep(1000);
	}
	return NULL;
}

/* Write the number of each page from @first up to @end to the file. */
static void fill(size_t first, size_t end)
{
	uint64_t *buffer = (uint64_t *)calloc(1, page);

	for (; first < end; first++) {
		*buffer = first + 1;
		if (pwrite(file, buffer, page, first * page) != (ssize_t)page)
			ksft_exit_fail_msg("pwrite: %s\n", strerror(errno));
	}
	free(buffer);
}

static void *change_blocks(void *arg)
{
	unsigned int seed = (uintptr_t)arg;
	size_t first, pages = FILE_SIZE / page;
	int i;

	for (i = 0; i < ROUNDS / 5; i++) {
		first = next(&seed, pages - 8);
		if (next(&seed, 4)) {
			if (fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				      first * page, 8 * page))
				ksft_exit_fail_msg("punch hole: %s\n", strerror(errno));
			fill(first, first + 8);
		} else {
			if (ftruncate(file, first * page) || ftruncate(file, FILE_SIZE))
				ksft_exit_fail_msg("ftruncate: %s\n", strerror(errno));
			fill(first, pages);
		}
	}
	return NULL;
}

int main(void)
{
	static void *(* const actors[])(void *) = {
		map_small, map_large, map_small, map_large, fork_and_visit,
		change_blocks, sync_all,
	};
	pthread_t threads[ARRAY_SIZE(actors)];
	struct sigaction action;
	long pmd, pte;
	char *map;
	size_t i;

	ksft_print_header();
	need_fault_counters();
	page = sysconf(_SC_PAGESIZE);
	file = aligned_dax_file(FILE_SIZE);
	ksft_set_plan(2);

	memset(&action, 0, sizeof(action));
	action.sa_handler = on_sigbus;
	sigaction(SIGBUS, &action, NULL);
	fill(0, FILE_SIZE / page);
	pmd = vm_event("dax_fault_pmd");
	pte = vm_event("dax_fault_pte");

	for (i = 0; i < ARRAY_SIZE(actors); i++) {
		if (pthread_create(&threads[i], NULL, actors[i], (void *)(i + 1)))
			ksft_exit_fail_msg("pthread_create failed\n");
	}
	for (i = 0; i < ARRAY_SIZE(actors); i++) {
		/* sync_all() runs until the others are done */
		if (i == ARRAY_SIZE(actors) - 1)
			atomic_store(&done, 1);
		pthread_join(threads[i], NULL);
	}
	ksft_print_msg("%ld faults of 2 MiB, %ld of 4 KiB\n",
		       vm_event("dax_fault_pmd") - pmd,
		       vm_event("dax_fault_pte") - pte);
	ksft_test_result(!atomic_load(&wrong) && !atomic_load(&killed),
			 "every page holds its number or zero (%lu do not, %lu children died)\n",
			 atomic_load(&wrong), atomic_load(&killed));

	/* after a last write, read() and a mapping show every number */
	fill(0, FILE_SIZE / page);
	map = dax_map(file, FILE_SIZE);
	for (i = 0; i < FILE_SIZE / page; i++) {
		uint64_t value;

		if (pread(file, &value, sizeof(value), i * page) != sizeof(value) ||
		    value != i + 1 || *(uint64_t *)(map + i * page) != i + 1)
			break;
	}
	ksft_test_result(i == FILE_SIZE / page,
			 "read() and mapping agree after all writes (%zu pages do)\n", i);
	ksft_finished();
}
