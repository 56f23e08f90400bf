// SPDX-License-Identifier: GPL-2.0
/*
 * While windows of a file are upgraded to 2 MiB pages, its bytes stay what they
 * are, whatever else happens to it: small mappings, truncation, holes, write(),
 * fsync() and fork().
 *
 * Whoever writes to a page writes the page's number, and whoever reads one finds
 * that or zero. Each actor does a number of rounds, in an order that is its own.
 * What the kernel thinks of it is in its log.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "dax_file.h"

#define WINDOWS		3
#define FILE_SIZE	(WINDOWS * PMD_SIZE)
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

/* Some pages, as long as the file does not shrink below one of them. */
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

/* Blocks that hold the number of each page, from page @first to page @end. */
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
	unsigned long pmd, pte;
	char *map;
	size_t i;

	ksft_print_header();
	page = sysconf(_SC_PAGESIZE);
	file = aligned_dax_file(FILE_SIZE);
	ksft_set_plan(2);

	memset(&action, 0, sizeof(action));
	action.sa_handler = on_sigbus;
	sigaction(SIGBUS, &action, NULL);
	fill(0, FILE_SIZE / page);
	pmd = vm_counter("dax_fault_pmd");
	pte = vm_counter("dax_fault_pte");

	for (i = 0; i < ARRAY_SIZE(actors); i++) {
		if (pthread_create(&threads[i], NULL, actors[i], (void *)(i + 1)))
			ksft_exit_fail_msg("pthread_create failed\n");
	}
	for (i = 0; i < ARRAY_SIZE(actors); i++) {
		/* the last one goes on until the others are through */
		if (i == ARRAY_SIZE(actors) - 1)
			atomic_store(&done, 1);
		pthread_join(threads[i], NULL);
	}
	ksft_print_msg("%lu faults of 2 MiB, %lu of 4 KiB\n",
		       vm_counter("dax_fault_pmd") - pmd,
		       vm_counter("dax_fault_pte") - pte);
	ksft_test_result(!atomic_load(&wrong) && !atomic_load(&killed),
			 "every page has its own number or zero (%lu have not, %lu children died)\n",
			 atomic_load(&wrong), atomic_load(&killed));

	/* and so does what the file has in the end, through read() and a mapping */
	fill(0, FILE_SIZE / page);
	map = dax_map(file, FILE_SIZE);
	for (i = 0; i < FILE_SIZE / page; i++) {
		uint64_t value;

		if (pread(file, &value, sizeof(value), i * page) != sizeof(value) ||
		    value != i + 1 || *(uint64_t *)(map + i * page) != i + 1)
			break;
	}
	ksft_test_result(i == FILE_SIZE / page,
			 "in the end read() and mapping agree (%zu pages do)\n", i);
	ksft_finished();
}
